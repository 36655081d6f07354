"""Other words for what the captions say: synonyms and sentence forms that no caption of the corpus holds.

They are for evaluation only, and must never be trained on; a test compares them with every phrase of the captions.
"""

from __future__ import annotations

import random

from inference.train.world import Scene

SUBJECT = {
    "ball": ("bouncy ball", "round plaything", "football"),
    "balloon": ("helium balloon", "inflated balloon", "birthday balloon"),
    "bird": ("sparrow", "feathered creature", "pigeon"),
    "boat": ("yacht", "vessel", "small craft with a sail"),
    "fish": ("finned swimmer", "carp", "little sea fish"),
    "car": ("motorcar", "sedan", "vehicle"),
    "rocket": ("spacecraft", "space shuttle", "starship"),
    "cat": ("feline", "pussycat", "tomcat"),
    "dog": ("canine", "doggy", "pooch"),
    "person": ("human being", "someone", "lone figure"),
    "couple": ("two people who love each other", "pair of sweethearts", "two lovers"),
    "kite": ("kite on a string", "toy kite", "fabric kite"),
    "butterfly": ("winged insect", "fluttering butterfly", "monarch"),
    "robot": ("mechanical man", "humanoid machine", "metal automaton"),
    "train": ("railway engine", "passenger train", "rail convoy"),
}
COLOUR = {
    "red": ("ruby", "cherry-red", "vermilion"),
    "orange": ("tangerine", "amber-orange"),
    "yellow": ("lemon", "canary-yellow"),
    "green": ("lime-green", "grass-green"),
    "blue": ("cobalt", "sapphire", "royal-blue"),
    "purple": ("lilac", "mauve", "plum"),
    "pink": ("magenta-pink", "rosy", "salmon-pink"),
    "white": ("ivory", "chalk-white"),
    "black": ("jet-black", "ebony", "coal-black"),
}
SIZE = {"small": ("miniature", "wee", "diminutive"), "large": ("giant", "enormous", "oversized")}
ACTION = {
    "bounces": ("hits the ground again and again and springs back", "keeps rebounding", "is hopping off the floor"),
    "rolls": ("tumbles along the ground", "trundles onward", "keeps rolling forward"),
    "falls": ("plummets", "comes down from the sky", "plunges to the ground"),
    "spins": ("rotates on the spot", "whirls", "pirouettes"),
    "floats": ("hangs weightlessly", "bobs gently", "is suspended in place"),
    "rises": ("ascends", "climbs upward", "lifts off"),
    "flies": ("soars across", "wings its way past", "crosses through the air"),
    "circles": ("loops around", "traces a ring", "keeps turning in a wide circle"),
    "sails": ("cruises under sail", "crosses the water", "makes its way by wind"),
    "swims": ("moves through the water", "paddles past", "glides along with its fins"),
    "drives": ("travels along", "speeds past", "rolls by on its wheels"),
    "rests": ("stays put", "keeps still", "sits quietly"),
    "jumps": ("bounds up and down", "springs into the air", "keeps jumping up"),
    "walks": ("ambles", "takes a stroll", "goes on foot"),
    "runs": ("sprints", "dashes", "hurries past at full speed"),
    "dances": ("sways to the music", "boogies", "performs a dance"),
}
SETTING = {
    "sea": ("off the coast", "across open water", "where waves roll"),
    "desert": ("on sandy wasteland", "in the Sahara", "amid dry dunes"),
    "forest": ("between tall trees", "in a woodland", "in a pine grove"),
    "city": ("in town", "between tall buildings", "on an urban road"),
    "mountain": ("in the Alps", "in front of white summits", "up in the highlands"),
    "meadow": ("on a lawn", "on a flowery pasture", "in grassland"),
    "space": ("in the cosmos", "in the void between planets", "in orbit among galaxies"),
    "underwater": ("below the surface of the ocean", "beneath the waves", "on the seabed"),
    "room": ("inside a house", "within four walls", "in an apartment"),
}
TIME = {
    "day": ("at noon", "in broad daylight"),
    "sunset": ("as the sun goes down", "at twilight", "in the golden hour"),
    "night": ("at midnight", "after dark", "under a starlit sky"),
}
WEATHER = {
    "clear": ("with no cloud in sight", "in fine weather"),
    "rain": ("in a downpour", "during a shower", "as raindrops pour"),
    "snow": ("as snowflakes come down", "in a blizzard", "during a flurry"),
    "fog": ("in thick haze", "shrouded in mist", "veiled by fog"),
}
CAMERA = {
    "still": ("the camera does not move", "shot from a tripod", "static framing"),
    "pan left": ("the view swings leftward", "the camera turns left"),
    "pan right": ("the view swings rightward", "the camera turns right"),
    "zoom in": ("the view closes in", "the camera pushes in", "we move closer and closer"),
}
STYLE = {
    "photographic": ("true to life", "like a real photograph", "lifelike"),
    "cinematic": ("as in a motion picture", "like a Hollywood film", "blockbuster look"),
    "animation": ("as a toon", "like an animated series", "hand-animated"),
    "illustration": ("as if painted in a picture book", "like an aquarelle on paper", "drawn in soft washes"),
}
TABLES = (SUBJECT, COLOUR, SIZE, ACTION, SETTING, TIME, WEATHER, CAMERA, STYLE)
_OPENINGS = ("", "I would like to see ", "Show me ", "Make a clip of ", "Imagine ")


def paraphrase(scene: Scene) -> str:
    """One free English sentence or two that say every attribute of a scene in other words; always the same ones."""
    rng = random.Random(scene.seed * 37 + 5)
    words = [rng.choice(table[value]) for table, value in zip(TABLES, _values(scene), strict=True)]
    subject, colour, size, action, setting, time, weather, camera, style = words
    opening = rng.choice(_OPENINGS)
    if scene.subject in ("person", "couple"):
        is_plain = subject.startswith(("two", "someone"))
        what = f"{subject if is_plain else f'{size} {subject}'}, clothed in {colour},"
    else:
        what = f"{size} {colour} {subject}"
    article = "" if subject.startswith(("two", "someone")) else "an " if what[0] in "aeiou" else "a "
    when = ", ".join(part for part in (time, weather) if part)
    body = rng.choice(
        (
            f"{opening}{article}{what} that {action} {setting}, {when}",
            f"{setting}, {when}: {article}{what} {action}",
            f"{opening}{article}{what} {setting}. It {action} {when}",
        )
    )
    if scene.setting in ("space", "underwater"):
        body = body.replace(f", {when}", "").replace(f" {when}", "")
    return f"{body[0].upper()}{body[1:]}. {style[0].upper()}{style[1:]}, {camera}."


def _values(scene: Scene) -> tuple[str, ...]:
    return (
        scene.subject,
        scene.colour,
        scene.size,
        scene.action,
        scene.setting,
        scene.time,
        scene.weather,
        scene.camera,
        scene.style,
    )
