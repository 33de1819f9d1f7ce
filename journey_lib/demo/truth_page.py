"""What stands in the folder `truth/`, explained to whoever opens it."""

from __future__ import annotations

TEXT = """# What is true of this shop

Written by `journey demo` beside the data in `../raw`, from the same simulated lives. An analyst of the shop
has none of it. Use it to see how far a method is off; never to make a report.

**people.parquet**, a row per person, those the shop never saw included: `persona`, `price_sensitivity`,
`activity` and `loyalty` (1 is usual), how they `came` (by need, referred, not yet) and `referred_by` whom,
`arrives_day` and `leaves_day` (from the first day; empty: not within the year), whether they fade before;
then what is to be expected after the last day: `churn_hazard` (a year), `propensity_90` (chance of an order
within 90 days), `orders_365`, `value_365` (VND, with its standard error), and `response_...`: by how much one
more contact of that kind raises the chance of an order within 30 days.

**needs.parquet**, a row per latent need: when it begins and `decides`, its `strength`, whether the person was
`known` by then, `generation` (0: arose by itself; else it followed an order), `odds_without_contacts` (log
odds of an order if no contact is met), `chance` with all contacts and faults, and whether it `ordered`.

**events.parquet**, a row per event of `raw/events_*.parquet`, by `event_id`: its `need` (empty: nobody asked
for it), the `stage` of its person (aware, appeal, ask, act, advocate), the channel that `brought` it.

**unseen.parquet**, a row per contact that nobody recorded, mostly posters and visits to stores. They did
their work all the same: what channels caused includes them.

**fragments.parquet**: whose every cookie, device, user id, e-mail address, phone number and member number in
`raw/` is, as written there; `error` marks those with a typing error.

**comments.csv**: themes, sentiment (-2 to 2) and language of every text in surveys and tickets.

**surveys.parquet**: what everybody asked in `raw/surveys.csv` `felt` (-2 to 2), answered or not.

**channels.csv**: what each channel caused. `orders_off` is how many fewer orders there would have been
without it, everything it brought included, and all that would have followed from those orders;
`orders_off_se` its standard error, the people being a sample; `share` its part of the sum over channels;
`value_off` the same in VND; `orders_less` and `orders_more` the orders lost and won with 20% less and 20%
more contacts of it; then the terms of its effect on the log odds: `push * saturation * (1 - exp(-stock /
saturation))`, where a contact counts 1 when fresh and half after `half_life_days`, and `leads`, the chance
that it brings a later visit. Channels overlap: the sum over channels is not what all of them caused together.

**pairs.csv**: orders lost without both of two channels, and the log odds they add together.

**faults.csv**: planted faults of the service, and the orders they cost. A negative figure is possible within
its error.

**trials.csv**: what each of the shop's experiments would have found without chance: orders of all its people
if everybody had got the channel, and if nobody had, in its weeks.

**quality.csv**: true quality (-2 to 2) and mean emotion per touchpoint and month.

**world.json**: every number of the world, the people that scenarios were asked about (up to 131,072; scaled
to all), the orders expected as it was and without any contact: the baseline.

How the figures come about: the expected orders of every need are computed, not drawn, in every scenario, with
the same people, needs and chance. Needs that follow an order count by how much likelier that order is in the
scenario. So there is no noise of drawing between scenarios, only that of which people live there.
"""
