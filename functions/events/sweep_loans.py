"""Take back what no event will: loans of calls that were replaced, of processes that died while lending, old ones.

Called by the home's clock. A loan's files go as soon as its generation is over, its row a few minutes later.
"""

from volary import vault
from volary.entrypoint import entrypoint
from volary.ports import Services
from volary.stores.videos import Videos
from volary.vault_loans import LONGEST, all_loans, take_back_loan

from events.bus import Done, Tick


def sweep_loans(tick: Tick, services: Services) -> Done:
    now = int(services.clock.now().timestamp())
    for loan in list(all_loans(services)):
        video = Videos(services.items).get(loan.video_id)
        if not video.may_be_lent_to or now >= loan.at + LONGEST:
            vault.take_back(loan.likeness_id, loan.video_id, services)
        elif video.call_id != loan.call_id:
            take_back_loan(loan, services)
    return Done()


lambda_handler = entrypoint(sweep_loans)
