"""Lines of engagements or redemptions, and which rules each breaks: the same for both."""

EVENTS = (
    "offer,time\no1,2017-11-30\no1,2017-11-30 00:00:00\no1,2017-11-30 00:00:01\n"
    "o2,2017-11-30\n,2017-11-30\no3,soon\no4,2017-12-01\n"
)
REASONS = [
    ("o1", []),
    ("o1", []),
    ("o1", []),
    ("o2", []),
    ("o3", ["unreadable_time"]),
    ("o4", ["future_time"]),
    (None, ["missing_offer_id"]),
]
