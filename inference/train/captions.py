"""What people might write for a scene, in English and French, saying all or only some of what is there."""

from __future__ import annotations

import random

from inference.train.world import DIRECTED, Scene

SUBJECT_EN = {
    "ball": ("ball", "beach ball", "rubber ball"),
    "balloon": ("balloon", "party balloon", "toy balloon"),
    "bird": ("bird", "songbird", "seagull"),
    "boat": ("boat", "sailboat", "sailing ship"),
    "fish": ("fish", "tropical fish", "goldfish"),
    "car": ("car", "automobile", "little car"),
    "rocket": ("rocket", "spaceship", "rocket ship"),
    "cat": ("cat", "kitten", "kitty"),
    "dog": ("dog", "puppy", "hound"),
    "person": ("person", "man", "woman", "boy", "girl"),
    "couple": ("couple", "couple in love", "pair of lovers", "romantic couple"),
    "kite": ("kite", "paper kite", "diamond kite"),
    "butterfly": ("butterfly", "moth"),
    "robot": ("robot", "android", "little robot"),
    "train": ("train", "steam train", "locomotive"),
}
# French nouns with their gender, which the adjectives follow.
SUBJECT_FR = {
    "ball": (("balle", "f"), ("ballon de plage", "m")),
    "balloon": (("ballon", "m"), ("ballon de baudruche", "m")),
    "bird": (("oiseau", "m"), ("mouette", "f")),
    "boat": (("bateau", "m"), ("voilier", "m")),
    "fish": (("poisson", "m"), ("poisson tropical", "m")),
    "car": (("voiture", "f"), ("auto", "f")),
    "rocket": (("fusée", "f"), ("vaisseau spatial", "m")),
    "cat": (("chat", "m"), ("chaton", "m")),
    "dog": (("chien", "m"), ("chiot", "m")),
    "person": (("personne", "f"), ("homme", "m"), ("femme", "f"), ("enfant", "m")),
    "couple": (("couple", "m"), ("couple amoureux", "m")),
    "kite": (("cerf-volant", "m"),),
    "butterfly": (("papillon", "m"),),
    "robot": (("robot", "m"), ("androïde", "m")),
    "train": (("train", "m"), ("locomotive", "f")),
}
COLOUR_EN = {
    "red": ("red", "scarlet", "crimson"),
    "orange": ("orange",),
    "yellow": ("yellow", "golden"),
    "green": ("green", "emerald"),
    "blue": ("blue", "azure"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose-coloured"),
    "white": ("white", "snow-white"),
    "black": ("black", "dark"),
}
COLOUR_FR = {
    "red": ("rouge", "rouge"),
    "orange": ("orange", "orange"),
    "yellow": ("jaune", "jaune"),
    "green": ("vert", "verte"),
    "blue": ("bleu", "bleue"),
    "purple": ("violet", "violette"),
    "pink": ("rose", "rose"),
    "white": ("blanc", "blanche"),
    "black": ("noir", "noire"),
}
SIZE_EN = {"small": ("small", "little", "tiny", ""), "large": ("large", "big", "huge", "")}
SIZE_FR = {"small": ("petit", "petite"), "large": ("grand", "grande")}
ACTION_EN = {
    "bounces": ("bounces", "is bouncing", "bounces up and down"),
    "rolls": ("rolls", "is rolling", "rolls along"),
    "falls": ("falls", "is falling", "drops from above"),
    "spins": ("spins", "is spinning", "turns around itself"),
    "floats": ("floats", "is floating", "drifts", "hovers"),
    "rises": ("rises", "takes off", "is rising", "goes up"),
    "flies": ("flies", "is flying", "glides"),
    "circles": ("circles", "flies in circles", "goes round and round", "orbits"),
    "sails": ("sails", "is sailing"),
    "swims": ("swims", "is swimming"),
    "drives": ("drives", "is driving", "rides", "passes"),
    "rests": ("rests", "is resting", "stands still", "waits"),
    "jumps": ("jumps", "is jumping", "hops", "leaps"),
    "walks": ("walks", "is walking", "strolls"),
    "runs": ("runs", "is running", "races"),
    "dances": ("dances", "is dancing"),
}
ACTION_FR = {
    "bounces": ("rebondit", "saute et rebondit"),
    "rolls": ("roule",),
    "falls": ("tombe", "chute"),
    "spins": ("tourne sur place", "tournoie"),
    "floats": ("flotte", "dérive", "plane"),
    "rises": ("s'élève", "monte", "décolle"),
    "flies": ("vole", "file dans l'air"),
    "circles": ("tourne en rond", "décrit des cercles", "est en orbite"),
    "sails": ("navigue", "vogue"),
    "swims": ("nage",),
    "drives": ("roule", "passe", "avance"),
    "rests": ("se repose", "reste immobile", "attend"),
    "jumps": ("saute", "bondit"),
    "walks": ("marche", "se promène"),
    "runs": ("court",),
    "dances": ("danse",),
}
SETTING_EN = {
    "sea": ("over the sea", "on the ocean", "at sea", "above the waves"),
    "desert": ("in the desert", "among sand dunes"),
    "forest": ("in the forest", "in the woods", "among pine trees"),
    "city": ("in the city", "in a street", "downtown", "among skyscrapers"),
    "mountain": ("in the snowy mountains", "in the mountains", "before snowy peaks"),
    "meadow": ("in a meadow", "on green grass", "in a field of flowers", "in a park"),
    "space": ("in space", "in outer space", "among the stars", "near a planet"),
    "underwater": ("underwater", "under the sea", "in the deep water", "in an aquarium"),
    "room": ("in a room", "in the living room", "at home", "in a bedroom", "indoors"),
}
SETTING_FR = {
    "sea": ("au-dessus de la mer", "sur l'océan", "en mer"),
    "desert": ("dans le désert", "parmi les dunes de sable"),
    "forest": ("dans la forêt", "dans les bois"),
    "city": ("en ville", "dans la rue", "parmi les gratte-ciel"),
    "mountain": ("dans les montagnes enneigées", "à la montagne"),
    "meadow": ("dans un pré", "sur l'herbe verte", "dans un champ de fleurs"),
    "space": ("dans l'espace", "parmi les étoiles", "près d'une planète"),
    "underwater": ("sous l'eau", "au fond de la mer"),
    "room": ("dans une chambre", "dans le salon", "à la maison"),
}
TIME_EN = {
    "day": ("by day", "in daylight", "on a sunny day", ""),
    "sunset": ("at sunset", "at dusk", "in the evening light"),
    "night": ("at night", "by moonlight", "in the dark night"),
}
TIME_FR = {
    "day": ("en plein jour", "de jour", ""),
    "sunset": ("au coucher du soleil", "le soir"),
    "night": ("la nuit", "au clair de lune"),
}
WEATHER_EN = {
    "clear": ("", "under a clear sky", ""),
    "rain": ("in the rain", "while it rains", "on a rainy day"),
    "snow": ("in the snow", "while snow falls", "in a snowfall"),
    "fog": ("in fog", "in the mist", "on a foggy day"),
}
WEATHER_FR = {
    "clear": ("", "par temps clair"),
    "rain": ("sous la pluie", "par temps de pluie"),
    "snow": ("sous la neige", "il neige"),
    "fog": ("dans le brouillard", "dans la brume"),
}
CAMERA_EN = {
    "still": ("still camera", "fixed shot"),
    "pan left": ("the camera pans left", "pan to the left"),
    "pan right": ("the camera pans right", "pan to the right"),
    "zoom in": ("the camera zooms in", "slow zoom in", "close-up zoom"),
}
CAMERA_FR = {
    "still": ("plan fixe",),
    "pan left": ("panoramique vers la gauche",),
    "pan right": ("panoramique vers la droite",),
    "zoom in": ("zoom avant", "la caméra zoome"),
}
STYLE_EN = {
    "photographic": ("photographic", "a realistic photo", "photorealistic"),
    "cinematic": ("cinematic", "like a movie", "film look"),
    "animation": ("animation", "cartoon", "anime style"),
    "illustration": ("illustration", "watercolour drawing", "storybook picture"),
}
STYLE_FR = {
    "photographic": ("style photo", "réaliste"),
    "cinematic": ("cinématographique", "comme au cinéma"),
    "animation": ("dessin animé", "style animation"),
    "illustration": ("illustration", "aquarelle"),
}
TO_EN = {"left": ("to the left", "from right to left"), "right": ("to the right", "from left to right")}
TO_FR = {"left": ("vers la gauche", "de droite à gauche"), "right": ("vers la droite", "de gauche à droite")}


def _maybe(rng: random.Random, share: float, phrases: tuple[str, ...]) -> str:
    return rng.choice(phrases) if rng.random() < share else ""


def _joined(parts: list[str]) -> str:
    return " ".join(part for part in parts if part)


def english(scene: Scene, rng: random.Random) -> str:
    """One English caption."""
    size = _maybe(rng, 0.5, SIZE_EN[scene.size])
    colour = _maybe(rng, 0.85, COLOUR_EN[scene.colour])
    noun = rng.choice(SUBJECT_EN[scene.subject])
    if scene.subject in ("person", "couple") and colour:
        what = _joined([size, noun, rng.choice(("in", "dressed in", "wearing")), colour])
    else:
        what = _joined([size, colour, noun])
    article = "the" if rng.random() < 0.15 else ("an" if what[0] in "aeiou" else "a")
    to = _maybe(rng, 0.4, TO_EN[scene.direction]) if scene.action in DIRECTED else ""
    act = _joined([rng.choice(ACTION_EN[scene.action]), to])
    place = _maybe(rng, 0.95, SETTING_EN[scene.setting])
    when = [_maybe(rng, 0.8, TIME_EN[scene.time]), _maybe(rng, 0.85, WEATHER_EN[scene.weather])]
    rng.shuffle(when)
    body = [
        _joined([article, what, act, place, *when]),
        _joined([*when, place + ",", article, what, act]),
        _joined([article, what, place, *when, act]),
    ][rng.choice((0, 0, 0, 1, 2))]
    return _dressed(body, scene, rng, (CAMERA_EN, STYLE_EN))


def french(scene: Scene, rng: random.Random) -> str:
    """One French caption, adjectives agreeing with the noun."""
    noun, gender = rng.choice(SUBJECT_FR[scene.subject])
    form = gender == "f"
    size = SIZE_FR[scene.size][form] if rng.random() < 0.4 else ""
    colour = COLOUR_FR[scene.colour][form] if rng.random() < 0.85 else ""
    if scene.subject in ("person", "couple") and colour:
        colour = "en " + COLOUR_FR[scene.colour][0]
    article = rng.choice(("une", "une", "la") if form else ("un", "un", "le"))
    to = _maybe(rng, 0.4, TO_FR[scene.direction]) if scene.action in DIRECTED else ""
    act = _joined([rng.choice(ACTION_FR[scene.action]), to])
    place = _maybe(rng, 0.95, SETTING_FR[scene.setting])
    when = [_maybe(rng, 0.8, TIME_FR[scene.time]), _maybe(rng, 0.85, WEATHER_FR[scene.weather])]
    rng.shuffle(when)
    body = [
        _joined([article, size, noun, colour, act, place, *when]),
        _joined([*when, place + ",", article, size, noun, colour, act]),
    ][rng.random() < 0.25]
    return _dressed(body, scene, rng, (CAMERA_FR, STYLE_FR))


def _dressed(body: str, scene: Scene, rng: random.Random, tables: tuple[dict[str, tuple[str, ...]], ...]) -> str:
    """The sentence with camera and style said before or after it, or not at all."""
    camera = _maybe(rng, 0.25 if scene.camera == "still" else 0.8, tables[0][scene.camera])
    style = _maybe(rng, 0.4, tables[1][scene.style])
    extras = [part for part in (camera, style) if part]
    rng.shuffle(extras)
    parts = [*extras, body] if rng.random() < 0.2 else [body, *extras]
    return ", ".join(parts).replace(" ,", ",").strip(", ")


def captions(scene: Scene, count: int) -> list[str]:
    """`count` captions of one scene, one in three French; always the same ones."""
    rng = random.Random(scene.seed * 29 + 11)
    return [french(scene, rng) if place % 3 == 2 else english(scene, rng) for place in range(count)]


def lexicon() -> list[str]:
    """Every word and phrase the captions are built from."""
    words: list[str] = []
    for table in (
        SUBJECT_EN,
        COLOUR_EN,
        SIZE_EN,
        ACTION_EN,
        SETTING_EN,
        TIME_EN,
        WEATHER_EN,
        CAMERA_EN,
        STYLE_EN,
        TO_EN,
        COLOUR_FR,
        SIZE_FR,
        ACTION_FR,
        SETTING_FR,
        TIME_FR,
        WEATHER_FR,
        CAMERA_FR,
        STYLE_FR,
        TO_FR,
    ):
        words += [phrase for phrases in table.values() for phrase in phrases if phrase]
    return sorted({*words, *(noun for nouns in SUBJECT_FR.values() for noun, _ in nouns)})


class _Always(random.Random):
    """Says everything a template may leave out, and takes the first phrasing."""

    def random(self) -> float:
        return 0.3

    def choice(self, seq):  # type: ignore[no-untyped-def, override]
        return seq[0]

    def shuffle(self, x) -> None:  # type: ignore[no-untyped-def, override]
        return None


def english_whole(scene: Scene) -> str:
    """The plain English caption that says every attribute the probe reads."""
    return _whole(english(scene, _Always()), scene, CAMERA_EN)


def french_whole(scene: Scene) -> str:
    """Its French counterpart."""
    return _whole(french(scene, _Always()), scene, CAMERA_FR)


def _whole(caption: str, scene: Scene, cameras: dict[str, tuple[str, ...]]) -> str:
    camera = cameras[scene.camera][0]
    return caption if camera in caption else f"{caption}, {camera}"
