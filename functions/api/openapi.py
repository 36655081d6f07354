"""Prints the API's OpenAPI document, which docs/openapi.json is; it starts nothing and asks no port."""

import json
import sys
from typing import cast

from volary.ports import Services

from functions.api.app import create_app, description


def main() -> None:
    # Describing routes asks nothing of the services, so there need be none.
    app = create_app(cast(Services, None))
    sys.stdout.write(json.dumps(description(app), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
