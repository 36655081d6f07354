"""Which handlers hear of which events; the embedded outbox loop and the CDK rules are both made from this table."""

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "video.requested": ("functions.events.start_generation",),
    "video.generated": ("functions.events.return_loans",),
    "video.completed": ("functions.events.clean_up", "functions.events.deliver_webhook", "functions.events.place_clip"),
    "video.failed": (
        "functions.events.clean_up",
        "functions.events.deliver_webhook",
        "functions.events.return_loans",
    ),
    "video.held": (),
    "review.decided": ("functions.events.answer_review",),
    "video.deleted": (
        "functions.events.clean_up",
        "functions.events.displace_clip",
        "functions.events.return_loans",
    ),
    "video.listed": ("functions.events.place_clip",),
    "video.hidden": ("functions.events.bar_links",),
    "likeness.captured": ("functions.events.check_capture",),
    "likeness.decided": ("functions.events.keep_likeness", "functions.events.discard_capture"),
    "likeness.erased": ("functions.events.erase_likeness", "functions.events.log_consent"),
    "consent.changed": (
        "functions.events.bar_links",
        "functions.events.issue_receipt",
        "functions.events.withdraw_uses",
        "functions.events.log_consent",
    ),
    "consent.cascade_continued": ("functions.events.withdraw_uses",),
    "videos.withdrawn": (
        "functions.events.clean_up",
        "functions.events.displace_clip",
        "functions.events.return_loans",
        "functions.events.tell_makers",
    ),
}
