"""`volary generate`: the whole pipeline for one clip without a server of one's own: one signed, marked MP4."""

import argparse
import json
import sys
import time
from pathlib import Path

from tqdm import tqdm
from volary.accounts import viewer_of
from volary.errors import Conflict, Unavailable
from volary.generation import SECONDS, SIZES, STYLES, Ask
from volary.ports import Services
from volary.stores.accounts import Accounts
from volary.stores.videos import Videos
from volary.videos import Video, published_key

from functions.videos.create import create
from functions.videos.progress import Line, forecast
from local.homes import add_home_option, home_folder
from local.people import DEMO
from local.running import running_home

POLL_SECONDS = 0.3
BAR = "{desc:<22}{bar}{n:>4}%{postfix}"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("generate", help="make one clip and write it to a file")
    parser.add_argument("prompt", metavar="PROMPT")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.mp4")
    parser.add_argument("--seconds", type=int, choices=SECONDS, default=4)
    parser.add_argument("--size", choices=list(SIZES), default="720x1280")
    parser.add_argument("--style", choices=STYLES)
    parser.add_argument("--seed", type=int, metavar="N")
    parser.add_argument("--negative-prompt", default="", metavar="WORDS")
    parser.add_argument("--as", dest="handle", default=next(iter(DEMO)), metavar="HANDLE", help="whose clip it will be")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_home_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if not args.output.resolve().parent.is_dir():
        raise FileNotFoundError(f"there is no folder {args.output.parent} for {args.output.name}")
    fields = {name: getattr(args, name) for name in ("prompt", "seconds", "size", "style", "seed", "negative_prompt")}
    with running_home(home_folder(args)) as home:
        viewer = viewer_of(Accounts(home.items).by_handle(args.handle), home.services.clock.now().date())
        accepted = create(Ask(**fields), viewer, home.services)
        made = watched(accepted, home.services)
        home.blobs.download("videos", published_key(made, "video"), args.output)
    print(json.dumps(told(made, args.output)) if args.json else said(made, args.output))
    return 0


def watched(video: Video, services: Services) -> Video:
    """The finished clip, with a bar on a terminal meanwhile. Raises Conflict when it failed, Unavailable when held."""
    store = Videos(services.items)
    with tqdm(total=100, disable=not sys.stderr.isatty(), bar_format=BAR, leave=False) as bar:
        while not video.has_ended and video.stage != "held":
            outlook = forecast(video, services, Line())
            bar.n = outlook.progress
            bar.set_description_str(video.stage.replace("_", " "), refresh=False)
            left = outlook.eta_seconds
            bar.set_postfix_str("waits for somebody" if left is None else f"about {left} s left")
            time.sleep(POLL_SECONDS)
            video = store.get(video.id)
    if video.stage == "held" and not video.has_ended:
        raise Unavailable(f"{video.id} waits for a person: volary review release {video.id} --as MODERATOR")
    if video.failure:
        raise Conflict(f"{video.id} was not made ({video.failure.code}): {video.failure.message}")
    return video


def told(video: Video, path: Path) -> dict[str, object]:
    words = {"not_rendered": list(video.not_rendered), "warnings": list(video.warnings)}
    return {"id": video.id, "file": str(path), "seed": video.seed} | words


def said(video: Video, path: Path) -> str:
    lines = [f"{path}: {video.seconds} s, seed {video.seed}, made by {video.model}, signed and marked"]
    if video.not_rendered:
        lines.append(f"not in this model's world: {', '.join(video.not_rendered)}")
    lines += [f"note: {warning}" for warning in video.warnings]
    return "\n".join(lines)
