"""The API server of the embedded home: the same FastAPI application as in the cloud, and the pages behind it."""

import gc
import os
from dataclasses import replace

import uvicorn
from volary.embedded import Home
from volary.errors import Invalid

from events.engines import LIMITS, SMALL
from functions.api.app import create_app
from functions.api.limits import EMBEDDED
from local import pages
from local.homes import LOOPBACK
from local.processes import home_of, options_of


def create_local_app(home: Home):  # type: ignore[no-untyped-def] # FastAPI may be named in functions/api only
    """The API, and for every path that is none of its own, the pages."""
    app = create_app(home.services, replace(EMBEDDED, engine=engine()))
    app.router.routes.extend(pages.routes(home))
    return app


def engine() -> str:
    """What the model server beside this process runs: both read the one variable. Raises Invalid for no engine."""
    name = os.environ.get("VOLARY_ENGINE") or SMALL
    if name not in LIMITS:
        raise Invalid(f"$VOLARY_ENGINE is {name!r}, not one of {', '.join(LIMITS)}")
    return name


def main() -> None:
    args = options_of(__doc__)
    app = create_local_app(home_of(args))
    # What is loaded by now stays: without it a full collection stops a page for some forty milliseconds.
    gc.collect()
    gc.freeze()
    uvicorn.run(app, host=LOOPBACK, port=args.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
