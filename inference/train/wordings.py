"""More ways of saying what the captions say, in wider words and other sentence forms: the planner alone learns from
them, so that it goes by what words mean and not by which ones the captions happen to use. None of them is among the
words that evaluation keeps to itself (a test compares)."""

from __future__ import annotations

import random

from inference.train import captions as said
from inference.train.world import DIRECTED, Scene

Table = dict[str, tuple[str, ...]]

SUBJECT: Table = {
    "ball": ("soccer ball", "sphere", "basketball", "toy ball"),
    "balloon": ("air balloon", "latex balloon", "rubber balloon", "floating balloon"),
    "bird": ("gull", "little bird", "swallow", "robin"),
    "boat": ("ship", "sailing boat", "schooner", "little boat"),
    "fish": ("little fish", "swimming fish", "reef fish", "trout"),
    "car": ("auto", "taxi", "hatchback", "family car"),
    "rocket": ("space rocket", "moon rocket", "launcher"),
    "cat": ("tabby", "kitty cat", "pet cat"),
    "dog": ("terrier", "pet dog", "retriever"),
    "person": ("guy", "lady", "child", "teenager", "adult"),
    "couple": ("husband and wife", "two partners", "boyfriend and girlfriend"),
    "kite": ("flying kite",),
    "butterfly": ("little butterfly",),
    "robot": ("droid", "toy robot", "cyborg"),
    "train": ("tram",),
}
COLOUR: Table = {
    "red": ("cherry", "blood-red", "reddish", "carmine"),
    "orange": ("carrot", "apricot", "orange-coloured"),
    "yellow": ("canary", "sunny yellow", "mustard", "yellowish"),
    "green": ("jade", "olive", "lime", "leaf-green", "mint", "greenish"),
    "blue": ("navy", "sky-blue", "turquoise", "bluish"),
    "purple": ("indigo", "lavender"),
    "pink": ("fuchsia", "salmon", "blush", "pinkish"),
    "white": ("pale", "milk-white", "chalky", "whitish"),
    "black": ("raven", "coal", "blackish"),
}
SIZE: Table = {
    "small": ("mini", "compact", "very small", "petite", "short"),
    "large": ("massive", "very large", "gigantic"),
}
ACTION: Table = {
    "bounces": ("jumps again and again like rubber", "keeps bouncing"),
    "rolls": ("keeps rolling", "rolls over and over"),
    "falls": ("comes down", "keeps falling"),
    "spins": ("twirls", "turns in place"),
    "floats": ("is carried along slowly",),
    "rises": ("goes higher and higher", "mounts into the sky"),
    "flies": ("flies past",),
    "circles": ("makes circles", "turns about a point"),
    "sails": ("travels on the water", "sails past"),
    "swims": ("swims past", "swims along"),
    "drives": ("travels by", "rolls by"),
    "rests": ("does not move", "takes a rest", "lies there"),
    "jumps": ("makes jumps", "keeps jumping"),
    "walks": ("takes a walk", "steps along", "wanders"),
    "runs": ("rushes", "goes jogging", "runs fast"),
    "dances": ("moves to the rhythm",),
}
SETTING: Table = {
    "sea": ("by the sea", "on the waves", "with the ocean behind"),
    "desert": ("on the dunes",),
    "forest": ("in a wood", "surrounded by trees", "in a pine forest"),
    "city": ("on an avenue", "in New York"),
    "mountain": ("among mountains", "high in the hills", "with mountain tops behind"),
    "meadow": ("in a green field", "in the grass", "in the countryside"),
    "space": ("in the universe", "far from Earth"),
    "underwater": ("deep in the ocean", "in the depths", "on a reef"),
    "room": ("in the lounge",),
}
TIME: Table = {
    "day": ("in the daytime", "in bright sunshine", "in the morning light"),
    "sunset": ("in the evening", "at nightfall's first glow", "under an orange evening sky"),
    "night": ("in the night", "late at night", "under the moon", "when it is dark"),
}
WEATHER: Table = {
    "clear": ("with no clouds", "in good weather", ""),
    "rain": ("with rain", "in rainy weather", "under falling rain"),
    "snow": ("with snow", "in snowy weather", "under falling snow", "in a snow storm"),
    "fog": ("with fog", "in foggy weather"),
}
CAMERA: Table = {
    "still": ("steady shot", "motionless camera"),
    "pan left": ("the camera moves to the left", "camera moving left", "panning left"),
    "pan right": ("the camera moves to the right", "camera moving right", "panning right"),
    "zoom in": ("zooming in", "camera zoom"),
}
STYLE: Table = {
    "photographic": ("photo style", "realistic", "documentary look"),
    "cinematic": ("film style", "cinema look", "movie look", "shot like a feature film", "dramatic film"),
    "animation": ("cartoon style", "like a cartoon film", "cel animation"),
    "illustration": ("illustrated", "like a drawing", "aquarelle", "ink drawing"),
}
TO: Table = {
    "left": ("leftwards", "toward the left side", "heading left"),
    "right": ("rightwards", "toward the right side", "heading right"),
}
COLOUR_FR: Table = {
    "red": ("rouge vif", "rubis", "cerise"),
    "orange": ("mandarine", "abricot", "orangé"),
    "yellow": ("citron", "jaune vif", "doré"),
    "green": ("vert clair", "émeraude", "olive"),
    "blue": ("bleu ciel", "turquoise", "bleu marine"),
    "purple": ("lilas", "prune"),
    "pink": ("rosé", "fuchsia", "rose clair"),
    "white": ("ivoire", "blanc pur", "blanc cassé"),
    "black": ("ébène", "noir profond", "noirâtre"),
}
FORMS = (
    "a clip of {what} that {act} {place} {when}",
    "show {what}, {place}, and it {act} {when}",
    "{when}, {place}: {what} {act}",
    "{place} there is {what}; it {act} {when}",
    "make a video where {what} {act} {place} {when}",
    "{what} {act} {when} {place}",
    "{what} {place} {when} {act}",
    "imagine {what} which {act} {place}, {when}",
)
FORMS_FR = (
    "une vidéo avec {what} qui {act} {place} {when}",
    "montre {what} qui {act} {place} {when}",
    "{when}, {place}, {what} {act}",
    "{what} {act} {place} {when}",
)


def _either(rng: random.Random, wide: tuple[str, ...], plain: tuple[str, ...]) -> str:
    return rng.choice(wide if rng.random() < 0.75 else plain)


def _english(scene: Scene, rng: random.Random) -> tuple[dict[str, str], Table, Table]:
    noun = _either(rng, SUBJECT[scene.subject], said.SUBJECT_EN[scene.subject])
    colour = _either(rng, COLOUR[scene.colour], said.COLOUR_EN[scene.colour]) if rng.random() < 0.9 else ""
    size = _either(rng, SIZE[scene.size], said.SIZE_EN[scene.size]) if rng.random() < 0.6 else ""
    worn = scene.subject in ("person", "couple") and colour
    what = f"{size} {noun} in {colour}" if worn else f"{size} {colour} {noun}"
    if not worn and colour and rng.random() < 0.25:
        what = f"{size} {noun}, {colour} in colour,"
    what = " ".join(what.split())
    act = _either(rng, ACTION[scene.action], said.ACTION_EN[scene.action])
    if scene.action in DIRECTED and rng.random() < 0.4:
        act += " " + _either(rng, TO[scene.direction], said.TO_EN[scene.direction])
    parts = {
        "what": f"{'an' if what[0] in 'aeiou' else 'a'} {what}",
        "act": act,
        "place": _either(rng, SETTING[scene.setting], said.SETTING_EN[scene.setting]),
    }
    when = [_either(rng, TIME[scene.time], said.TIME_EN[scene.time]) if rng.random() < 0.85 else ""]
    when += [_either(rng, WEATHER[scene.weather], said.WEATHER_EN[scene.weather])]
    rng.shuffle(when)
    return parts | {"when": " ".join(filter(None, when))}, said.CAMERA_EN, said.STYLE_EN


def _french(scene: Scene, rng: random.Random) -> tuple[dict[str, str], Table, Table]:
    noun, gender = rng.choice(said.SUBJECT_FR[scene.subject])
    form = gender == "f"
    colour = rng.choice((*COLOUR_FR[scene.colour], said.COLOUR_FR[scene.colour][form]))
    size = said.SIZE_FR[scene.size][form] if rng.random() < 0.5 else ""
    what = " ".join(filter(None, ("une" if form else "un", size, noun, colour)))
    when = [rng.choice(said.TIME_FR[scene.time]), rng.choice(said.WEATHER_FR[scene.weather])]
    rng.shuffle(when)
    act = rng.choice(said.ACTION_FR[scene.action])
    if scene.action in DIRECTED and rng.random() < 0.4:
        act += " " + rng.choice(said.TO_FR[scene.direction])
    place = rng.choice(said.SETTING_FR[scene.setting])
    parts = {"what": what, "act": act, "place": place, "when": " ".join(filter(None, when))}
    return parts, said.CAMERA_FR, said.STYLE_FR


def wording(scene: Scene, rng: random.Random) -> str:
    """One way of saying the scene, one in five French."""
    is_french = rng.random() < 0.2
    parts, cameras, styles = _french(scene, rng) if is_french else _english(scene, rng)
    body = rng.choice(FORMS_FR if is_french else FORMS).format(**parts)
    extras = []
    if rng.random() < (0.4 if scene.camera == "still" else 0.85):
        wide = cameras[scene.camera] if is_french else CAMERA[scene.camera]
        extras.append(_either(rng, wide, cameras[scene.camera]))
    if rng.random() < 0.6:
        extras.append(_either(rng, styles[scene.style] if is_french else STYLE[scene.style], styles[scene.style]))
    rng.shuffle(extras)
    whole = ", ".join([*extras, body] if rng.random() < 0.3 else [body, *extras])
    return " ".join(whole.split()).replace(" ,", ",").replace(" :", ":").strip(" ,:")


def phrases() -> set[str]:
    """Every phrase that is wider than the captions'."""
    tables = (SUBJECT, COLOUR, SIZE, ACTION, SETTING, TIME, WEATHER, CAMERA, STYLE, TO, COLOUR_FR)
    return {phrase for table in tables for kin in table.values() for phrase in kin if phrase}
