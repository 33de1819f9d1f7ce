"""Who are the shop's kinds of people, in truth? Six personas, the same six far apart, and one for all.

Every number is invented to be plausible, none is measured. Averaged over the shares, the factors are near 1
and the log factors on channels exactly level: personas move contacts between people, not their total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Place = Literal["metropolis", "city", "province"]

YOUNGEST = 18
OFFLINE = ("store", "event", "call_centre", "sales_staff")
EVERYWHERE: Mapping[Place, float] = {"metropolis": 1.0, "city": 1.0, "province": 1.0}
IN_TOWN: Mapping[Place, float] = {"metropolis": 1.0, "city": 1.0, "province": 0.03}


@dataclass(frozen=True)
class Persona:
    """One kind of person: how common it is, and what its people are like on average.

    `age`, `price_sensitivity`   mean and spread (years; 0 to 1, where 1 buys only what is reduced).
    `places`      factor on living in Hà Nội or TP. Hồ Chí Minh, another city with a store, or elsewhere.
    `habits`      log factor on meeting each channel, by its code; `offline_first` is added for `OFFLINE`.
    `members`, `app`   factors on being known from the start and on having the app.
    `needs_a_year`, `strength`, `loyalty`, `basket`   factors on how often they need something, how badly,
                  how they come back, and what they pay.
    `hours`       by how much their day online is later than others'.
    `mobile`      share of their contacts online that are on a phone.
    `occasions`   share of their needs that wait for a holiday or a sale day.
    `churn`       hazard of leaving (a year), and the share of leavers whose needs thin out before.
    `noise`       factor on how much its people differ from one another.
    """

    code: str
    name: Mapping[str, str]
    story: Mapping[str, str]
    share: float
    age: tuple[float, float]
    woman: float
    price_sensitivity: tuple[float, float]
    habits: Mapping[str, float]
    places: Mapping[Place, float]
    churn: tuple[float, float]
    offline_first: float = 0.0
    members: float = 1.0
    app: float = 1.0
    needs_a_year: float = 1.0
    strength: float = 1.0
    loyalty: float = 1.0
    basket: float = 1.0
    hours: float = 0.0
    mobile: float = 0.8
    occasions: float = 0.04
    noise: float = 1.0

    def habit(self, channel: str) -> float:
        """Log factor on meeting `channel`, the liking for shops and voices included."""
        return self.habits.get(channel, 0.0) + (self.offline_first if channel in OFFLINE else 0.0)


def levelled(personas: tuple[Persona, ...]) -> tuple[Persona, ...]:
    """The same personas with habits moved so that over all shares every channel is met as often as before."""
    codes = sorted({code for persona in personas for code in persona.habits} | set(OFFLINE))
    share = np.array([persona.share for persona in personas])
    level = {
        code: float(np.log(share @ np.exp([persona.habit(code) for persona in personas]) / share.sum()))
        for code in codes
    }
    return tuple(
        replace(persona, habits={code: persona.habits.get(code, 0.0) - level[code] for code in codes})
        for persona in personas
    )


def apart(personas: tuple[Persona, ...], factor: float, noise: float) -> tuple[Persona, ...]:
    """The same personas farther from their mean by `factor`, their people nearer to each other by `noise`."""
    usual = alike(personas)

    def away(value: float, middle: float) -> float:
        return float(np.clip(middle + factor * (value - middle), 0.06, 0.94))

    return levelled(
        tuple(
            replace(
                persona,
                habits={code: factor * log for code, log in persona.habits.items()},
                offline_first=factor * persona.offline_first,
                price_sensitivity=(
                    away(persona.price_sensitivity[0], usual.price_sensitivity[0]),
                    persona.price_sensitivity[1],
                ),
                mobile=away(persona.mobile, usual.mobile),
                hours=factor * persona.hours,
                noise=noise * persona.noise,
            )
            for persona in personas
        )
    )


def clear(personas: tuple[Persona, ...]) -> tuple[Persona, ...]:
    """The same personas so that a year of contact tells who belongs where.

    They are as common as each other, need as often, and can be reached by the same: each is known to the
    shop, has the app and has a store in town as often as the others. Then they are moved `apart`.
    """
    same = tuple(
        replace(persona, share=1 / len(personas), places=IN_TOWN, members=1.0, app=5.0, needs_a_year=1.0)
        for persona in personas
    )
    return apart(levelled(same), factor=3.0, noise=0.15)


def alike(personas: tuple[Persona, ...]) -> Persona:
    """One persona for everyone: the mixture's means and spreads, and no habits of its own."""
    share = np.array([persona.share for persona in personas])
    share /= share.sum()

    def mean(trait: str) -> float:
        return float(share @ np.array([getattr(persona, trait) for persona in personas]))

    def spread(trait: str) -> tuple[float, float]:
        middle, within = np.array([getattr(persona, trait) for persona in personas]).T
        centre = share @ middle
        return float(centre), float(np.sqrt(share @ (within**2 + (middle - centre) ** 2)))

    hazard, warned = np.array([persona.churn for persona in personas]).T
    return Persona(
        code="anyone",
        name={"vi": "Khách hàng bất kỳ", "en": "Anyone"},
        story={
            "vi": "Mỗi người một khác, nhưng không ai thuộc về một nhóm nào. "
            "Tìm được nhóm ở đây nghĩa là phương pháp đã tự tưởng tượng ra.",
            "en": "Everyone differs, and nobody belongs to a kind. "
            "Whoever finds groups here has made them up.",
        },
        share=1.0,
        age=spread("age"),
        woman=mean("woman"),
        price_sensitivity=spread("price_sensitivity"),
        habits={},
        places=EVERYWHERE,
        churn=(float(share @ hazard), float(share @ (hazard * warned) / (share @ hazard))),
        needs_a_year=mean("needs_a_year"),
        strength=mean("strength"),
        loyalty=mean("loyalty"),
        basket=mean("basket"),
        hours=mean("hours"),
        mobile=mean("mobile"),
        occasions=mean("occasions"),
    )


PERSONAS: tuple[Persona, ...] = levelled(
    (
        Persona(
            "deal_hunter",
            {"vi": "Bạn trẻ săn sale", "en": "Young bargain hunter"},
            {
                "vi": "Còn đi học hoặc mới đi làm, lướt TikTok đến khuya và có mã giảm giá mới chốt đơn. "
                "Giỏ hàng nhỏ, ít gắn bó: nơi nào rẻ hơn là sang nơi đó.",
                "en": "Studies or has a first job, is on TikTok until late, and orders once there is a code. "
                "Small baskets and little attachment: gone to whoever is cheaper.",
            },
            share=0.26,
            age=(22.5, 3.2),
            woman=0.66,
            price_sensitivity=(0.78, 0.12),
            habits={
                "tiktok": 0.6,
                "marketplace": 1.05,
                "affiliate": 1.05,
                "youtube": 0.4,
                "facebook": 0.1,
                "email": -1.05,
                "zalo": -0.9,
                "paid_search": -0.45,
                "direct": -0.3,
                "sms": -0.45,
                "outdoor": 0.15,
            },
            places=EVERYWHERE,
            churn=(0.36, 0.3),
            offline_first=-0.7,
            members=0.8,
            app=1.0,
            needs_a_year=1.0,
            strength=0.92,
            loyalty=0.65,
            basket=0.72,
            hours=1.3,
            mobile=0.93,
            occasions=0.12,
        ),
        Persona(
            "office_worker",
            {"vi": "Dân văn phòng mua qua app", "en": "Office worker with the app"},
            {
                "vi": "Làm việc ở thành phố lớn, hay vào thẳng app hoặc trang web, đọc e-mail và thông báo. "
                "Không quá so đo giá, quay lại đều nếu mọi việc nhanh gọn.",
                "en": "Works in a big city, goes straight to the app or the website, reads e-mail and "
                "notices. Not too fussy about prices, and back again as long as things are quick.",
            },
            share=0.23,
            age=(30.0, 4.0),
            woman=0.68,
            price_sensitivity=(0.42, 0.13),
            habits={
                "push": 0.9,
                "direct": 0.8,
                "email": 0.9,
                "organic_search": 0.5,
                "paid_search": 0.3,
                "facebook": -0.2,
                "tiktok": -0.3,
                "zalo": -0.4,
                "display": 0.45,
                "outdoor": 0.45,
                "retargeting": 0.15,
            },
            places={"metropolis": 1.3, "city": 1.0, "province": 0.6},
            churn=(0.2, 0.55),
            offline_first=-0.4,
            members=1.15,
            app=1.5,
            needs_a_year=1.1,
            loyalty=1.1,
            hours=0.2,
            mobile=0.62,
        ),
        Persona(
            "home_mother",
            {"vi": "Mẹ lo cho cả nhà", "en": "Mother who plans for the home"},
            {
                "vi": "Mua đồ cho con, cho chồng, cho gian bếp, hay hỏi trên Facebook và Zalo trước khi mua. "
                "Tính toán từng khoản, nhưng đã tin là mua đều.",
                "en": "Buys for the children, the husband and the kitchen, and asks on Facebook and Zalo "
                "first. Counts every item, but buys steadily once she trusts.",
            },
            share=0.21,
            age=(36.5, 5.0),
            woman=0.95,
            price_sensitivity=(0.6, 0.13),
            habits={
                "facebook": 0.9,
                "zalo": 0.45,
                "sales_staff": 0.3,
                "youtube": 0.15,
                "sms": 0.3,
                "organic_search": 0.15,
                "tiktok": -0.15,
                "direct": -0.3,
                "display": -0.15,
                "marketplace": 0.15,
            },
            places={"metropolis": 0.9, "city": 1.05, "province": 1.1},
            churn=(0.16, 0.6),
            members=1.05,
            app=0.9,
            needs_a_year=1.12,
            strength=1.02,
            loyalty=1.1,
            hours=0.7,
            mobile=0.86,
        ),
        Persona(
            "store_loyal",
            {"vi": "Khách quen của cửa hàng", "en": "Loyal store customer"},
            {
                "vi": "Trên dưới 50 tuổi, muốn xem tận tay ở cửa hàng, cần gì nhắn Zalo hay gọi tổng đài. "
                "Mua không thường xuyên nhưng chung thủy, hiếm khi bỏ đi.",
                "en": "Around fifty, wants to see things in the store, and writes on Zalo or calls when in "
                "doubt. Does not buy often, but stays for years.",
            },
            share=0.12,
            age=(53.0, 8.0),
            woman=0.74,
            price_sensitivity=(0.4, 0.14),
            habits={
                "zalo": 0.7,
                "call_centre": 0.1,
                "tiktok": -0.9,
                "marketplace": -1.2,
                "affiliate": -1.05,
                "youtube": -0.15,
                "email": -0.3,
                "display": 0.15,
                "retargeting": -0.45,
            },
            places={"metropolis": 1.1, "city": 1.4, "province": 0.8},
            churn=(0.07, 0.7),
            offline_first=1.2,
            members=1.4,
            app=0.8,
            needs_a_year=0.82,
            strength=1.04,
            loyalty=1.5,
            basket=1.1,
            hours=-2.0,
            mobile=0.82,
        ),
        Persona(
            "gift_giver",
            {"vi": "Anh mua quà dịp lễ", "en": "Man who buys gifts"},
            {
                "vi": "Ít khi đi mua sắm; gần Tết, 8/3 hay 20/10 mới lên mạng tìm và chọn nhanh một món quà. "
                "Không tiếc tiền, nhưng qua dịp lễ là ít khi quay lại.",
                "en": "Rarely shops; before Tết or a women's day he searches the web and picks a gift "
                "quickly. Does not mind the price, and seldom comes back after the holiday.",
            },
            share=0.11,
            age=(33.5, 8.0),
            woman=0.05,
            price_sensitivity=(0.24, 0.12),
            habits={
                "paid_search": 1.1,
                "organic_search": 0.7,
                "display": 0.45,
                "youtube": 0.45,
                "retargeting": 0.45,
                "facebook": -0.6,
                "tiktok": -0.45,
                "zalo": -0.45,
                "email": -0.45,
                "outdoor": 0.45,
            },
            places={"metropolis": 1.15, "city": 1.1, "province": 0.8},
            churn=(0.3, 0.2),
            offline_first=0.15,
            members=0.65,
            app=0.6,
            needs_a_year=0.55,
            strength=1.15,
            loyalty=0.6,
            basket=1.3,
            hours=-0.3,
            mobile=0.66,
            occasions=0.55,
        ),
        Persona(
            "small_trader",
            {"vi": "Chủ shop nhỏ lấy sỉ", "en": "Small-shop owner buying in bulk"},
            {
                "vi": "Lấy hàng về bán lại, phần nhiều ở tỉnh, đặt qua nhân viên bán hàng, tổng đài và Zalo. "
                "Trả giá từng món và mua đều quanh năm, giỏ hàng gần gấp đôi người khác.",
                "en": "Sells on, mostly in the provinces, and orders through sales staff, the call centre "
                "and Zalo. Bargains over every item, buys all year, baskets nearly twice the usual.",
            },
            share=0.07,
            age=(42.0, 8.0),
            woman=0.72,
            price_sensitivity=(0.82, 0.1),
            habits={
                "sales_staff": 1.35,
                "call_centre": 0.9,
                "zalo": 0.75,
                "event": 0.6,
                "sms": 0.6,
                "store": -0.6,
                "tiktok": -0.3,
                "display": -0.6,
                "youtube": -0.45,
                "outdoor": -0.45,
                "paid_search": 0.15,
            },
            places={"metropolis": 0.55, "city": 0.9, "province": 1.6},
            churn=(0.12, 0.8),
            offline_first=0.5,
            members=1.25,
            app=0.7,
            needs_a_year=1.45,
            strength=1.08,
            loyalty=1.35,
            basket=1.8,
            hours=-0.8,
            mobile=0.9,
            occasions=0.02,
        ),
    )
)
CLEAR: tuple[Persona, ...] = clear(PERSONAS)
ALIKE: tuple[Persona, ...] = (alike(PERSONAS),)
