"""What customers write in English, in clauses by theme and by how strongly, and the small change around them.

Slots as in `words_vi`; written as people here write it, not as a textbook does.
"""

from __future__ import annotations

from journey_lib.demo.words_vi import Phrases

ENGLISH_PHRASES: Phrases = {
    "delivery_time": {
        -2: (
            "promised {hen} days and it took {ngay}",
            "{tre} days late and nobody told me anything",
            "delivery is a joke, waited {ngay} days",
        ),
        -1: ("delivery was slow", "arrived {tre} days late", "took {ngay} days instead of {hen}"),
        1: ("fast delivery", "arrived on time", "delivered in {ngay} days"),
        2: ("super fast shipping", "amazing delivery, {ngay} days only"),
    },
    "packaging": {
        -2: ("the {gom} arrived broken, terrible packing", "box was crushed completely"),
        -1: ("box was dented", "packing could be better"),
        1: ("well packed", "nice box, good for a gift"),
        2: ("beautiful packaging, so much care", "packed perfectly, not a scratch"),
    },
    "courier": {
        -2: ("the driver shouted at me", "driver left the parcel outside and disappeared"),
        -1: ("the driver was not friendly",),
        1: ("friendly driver", "driver called before coming"),
        2: ("the delivery guy was so kind, came in heavy rain",),
    },
    "wrong_item": {
        -2: ("ordered {mau}, got a totally different colour", "one item is missing and nobody answers"),
        -1: ("wrong colour was sent", "one item was missing"),
        1: ("everything in the box as ordered",),
        2: ("all correct, plus a little gift",),
    },
    "material": {
        -2: (
            "fabric is awful, fell apart after one wash",
            "the {ao} lost its colour in the first wash",
            "{gom} cracked after two days",
        ),
        -1: ("fabric a bit thin", "stitching not great", "glaze on the {gom} is uneven"),
        1: ("nice fabric", "soft fabric and comfortable", "the {gom} feels solid", "good quality"),
        2: ("excellent quality fabric", "the {gom} is gorgeous", "quality way above the price"),
    },
    "size": {
        -2: ("size chart is totally wrong, can't wear it", "the {gom} is tiny, half of what it says"),
        -1: ("runs small, size up", "the {ao} is a bit tight", "a bit smaller than expected"),
        1: ("fits well", "true to size", "good size"),
        2: ("perfect fit", "the {ao} fits like it was made for me"),
    },
    "as_pictured": {
        -2: ("looks nothing like the picture", "photos are fake, feel cheated"),
        -1: ("colour is darker than in the picture",),
        1: ("looks like the picture", "{mau} is the same as online"),
        2: ("even prettier than the photos",),
    },
    "price": {
        -2: ("way overpriced for this quality",),
        -1: ("a bit pricey", "shipping fee is too high"),
        1: ("fair price", "good value"),
        2: ("amazing value for money", "so cheap for this quality"),
    },
    "promotion": {
        -2: ("the promo code never works, misleading",),
        -1: ("voucher didn't work",),
        1: ("good discount",),
        2: ("great sale, bought for the whole family",),
    },
    "checkout": {
        -2: (
            "payment failed ten times on my phone",
            "checkout keeps crashing, I gave up",
            "the last step just shows an error, unbelievable",
        ),
        -1: ("checkout error", "could not pay on mobile", "payment page got stuck"),
        1: ("easy checkout", "payment was quick"),
        2: ("smoothest checkout ever",),
    },
    "website": {
        -2: ("website is painfully slow", "could not find anything, search is useless"),
        -1: ("site is slow", "no English on the website", "not enough pictures"),
        1: ("easy to browse", "nice website"),
        2: ("love the website, so easy to find things",),
    },
    "app": {
        -2: ("the app crashes every time",),
        -1: ("app is laggy", "app keeps logging me out"),
        1: ("app works fine", "easy to track my order in the app"),
        2: ("great app, very smooth",),
    },
    "staff": {
        -2: ("staff at {noi} were rude", "nobody helped us for half an hour"),
        -1: ("staff not very helpful", "staff could not speak English"),
        1: ("helpful staff", "friendly staff at {noi}"),
        2: ("the girl at {noi} was amazing, so patient", "best service I had in a store here"),
    },
    "store": {
        -2: ("waited almost an hour to pay, one counter open", "dirty fitting room"),
        -1: ("long queue", "store is a bit messy"),
        1: ("clean store", "nice layout"),
        2: ("beautiful store", "the {noi} store is lovely"),
    },
    "answers": {
        -2: ("waited {cho} and nobody picked up", "called many times, {cho} of waiting, hopeless"),
        -1: ("had to wait {cho}", "slow reply"),
        1: ("quick reply", "picked up right away"),
        2: ("answered in seconds, wow",),
    },
    "care": {
        -2: ("agent was rude and hung up", "nobody takes responsibility"),
        -1: ("copy paste answers", "my problem is not really solved"),
        1: ("agent was helpful", "clear explanation"),
        2: ("agent went the extra mile, thank you so much",),
    },
    "returns": {
        -2: ("returning anything here is a nightmare", "still no refund"),
        -1: ("refund takes long", "return process is confusing"),
        1: ("easy exchange", "refund was on time"),
        2: ("refunded the same day, impressed",),
    },
    "messages": {
        -2: ("stop spamming me, I opted out",),
        -1: ("too many messages",),
        1: ("useful notifications",),
        2: ("love the app-only deals you send",),
    },
    "membership": {
        -2: ("all my points vanished",),
        -1: ("points were not added",),
        1: ("nice member gifts",),
        2: ("membership is really worth it",),
    },
    "general": {
        -2: ("worst shopping experience", "very disappointed"),
        -1: ("not happy with it", "expected better", "could be better"),
        1: ("happy with it", "all good", "nice shop"),
        2: ("love it", "very happy", "best shop in town"),
    },
}

ENGLISH_OPENINGS: dict[int, tuple[str, ...]] = {
    1: ("Hi,", "Honestly,", "Overall", "Thank you,", "Bought a {mon},"),
    0: ("Overall", "To be fair,", "Bought a {mon},"),
    -1: ("Hi,", "Honestly,", "Sorry but", "Really?", "Disappointed,"),
}
ENGLISH_CLOSINGS: dict[int, tuple[str, ...]] = {
    2: ("will buy again", "highly recommended", "5 stars", "thanks a lot", "love you guys"),
    1: ("will come back", "thanks", "recommended", "4 stars"),
    0: ("we'll see", "3 stars", "nothing special"),
    -1: ("please improve", "2 stars", "hope it gets better"),
    -2: ("never again", "1 star is too much", "want my money back", "avoid", "please fix this"),
}
ENGLISH_MIDDLING = ("it's ok", "average", "so so", "not bad not great", "fine I guess", "nothing special")
ENGLISH_STOCK: dict[int, tuple[str, ...]] = {
    2: ("Excellent", "perfect!", "love it", "Amazing"),
    1: ("good", "nice", "Good product", "ok good"),
    0: ("ok", "average", "so so"),
    -1: ("not good", "meh", "disappointed"),
    -2: ("terrible", "awful", "so bad"),
}
ENGLISH_IRRELEVANT = ("no", "n/a", "none", "test", "nothing", "hello", "do you ship to Laos?", "idk")
ENGLISH_AND = (", ", ", ", ". ", ", and ", ", also ")
ENGLISH_BUT = (" but ", ", but ", ", although ", ", only that ")
