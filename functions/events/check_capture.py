"""Send a capture to its checks: the one place that puts the index of everybody together for an enrolment."""

from contextlib import suppress

from volary import vault
from volary.entrypoint import entrypoint
from volary.errors import ConditionFailed
from volary.ports import Services
from volary.stores.accounts import Accounts
from volary.stores.likenesses import Likenesses
from volary.vault_index import index

from events.bus import Done, LikenessCaptured
from events.inference import CheckCapture
from functions.likenesses.people import is_adult

LINK_SECONDS = 3_600


def check_capture(event: LikenessCaptured, services: Services) -> Done:
    store, now = Likenesses(services.items), int(services.clock.now().timestamp())
    record = store.get(event.likeness_id)
    if record.state != "checking" or record.call_id is None:
        return Done()
    account, earlier = Accounts(services.items).get(record.owner_id), store.kept(record.owner_id)
    request = CheckCapture(
        likeness_id=record.id,
        get=services.blobs.get_link("uploads", record.upload_key, seconds=LINK_SECONDS),
        challenge=record.challenge,
        claims_adult=is_adult(account, services),
        recipient=vault.recipient(record.id, services),
        put=vault.sealed_put_link(record.id, services),
        index=index(services),
        own=(earlier.id,) if earlier else (),
    )
    # An earlier delivery may have noted it without making the call.
    with suppress(ConditionFailed):
        services.items.write(store.capture_write(record.call_id, record.id, now))
    services.models.submit(request, call_id=record.call_id)
    return Done()


lambda_handler = entrypoint(check_capture)
