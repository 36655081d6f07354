// Every word the page shows, in the two languages it speaks; markup names them by data-words.
const WORDS = {
  en: {
    other: "Français", skip: "Skip to the clips", tagline: "Say a sentence, get a clip with sound.",
    doorTitle: "Come in", doorText: "This home runs on your machine. Pick a demo person, or use a token of your own.",
    tokenLabel: "Access token (volary token NAME prints one)", signIn: "Sign in", signOut: "Sign out", signedIn: (who) => `@${who}`,
    studioTitle: "What should be seen and heard?", promptLabel: "Your sentence",
    promptHint: "A red balloon drifts over the sea at sunset, waves and gulls…",
    style: "Style", shape: "Shape", length: "Length", portrait: "Portrait", landscape: "Landscape", create: "Create",
    anyStyle: "Any", mine: "Your clips", feed: "Feed", feedHint: "Ordered by your words, never by watch time: none is measured.", steerLabel: "Say what you want to see more or less of", steerHint: "more videos in space · fewer romantic comedies", steer: "Steer", wishes: "Your wishes", noWishes: "No wishes yet: everything has its chance.", takeAway: "Take away", stronger: "Stronger", milder: "Milder", undo: "Undo", personal: "Order the feed by my wishes", notUnderstood: (parts) => `Not understood: ${parts}`, why: "Why this?", whyTerms: { fit: "your words", invitation: "people made something from it", freshness: "new", connection: "people you make things with", wellbeing: "gentler", diversity: "variety", chance: "chance", newest: "newest" },
    more: "Show more", noMine: "Nothing yet. Your first clip will appear here.", noFeed: "No clip has been posted yet.",
    generated: "Made with AI", post: "Post", posted: "Posted", remix: "Remix", remove: "Delete", download: "Download",
    sure: "Delete this clip for good?", remixOf: (words) => `Remix of “${words}”`, cancel: "Cancel",
    deletedParent: "Remix of a clip that was removed", remixed: "Remix",
    notRendered: (list) => `Not in this model's world: ${list}`, left: (s) => (s > 90 ? `about ${Math.round(s / 60)} min left` : `about ${s} s left`),
    ahead: (n) => (n === 1 ? "1 clip before yours" : `${n} clips before yours`),
    failed: "Not made", expired: "Your session ended. Please sign in again.", offline: "The server does not answer.",
    footer: "Every clip is screened before it is seen, carries an invisible mark and a signed statement of its origin.",
    takedown: "Ask for a clip to be taken down", refusals: {},
    stages: { queued: "Waiting", screening_prompt: "Reading your words", awaiting_key: "Waiting for the device of somebody in it", generating: "Painting and sounding", screening_media: "Watching and listening", held: "A person will look at it", signing: "Signing its origin", publishing: "Making it ready", done: "Ready" },
    styles: { cinematic: "Cinematic", animation: "Animation", illustration: "Illustration", photographic: "Photographic" },
  },
  fr: {
    other: "English", skip: "Aller aux clips", tagline: "Dites une phrase, recevez un clip sonore.",
    doorTitle: "Entrez", doorText: "Cette maison tourne sur votre machine. Choisissez une personne de démonstration ou utilisez votre jeton.",
    tokenLabel: "Jeton d'accès (volary token NOM en donne un)", signIn: "Se connecter", signOut: "Se déconnecter", signedIn: (who) => `@${who}`,
    studioTitle: "Que doit-on voir et entendre ?", promptLabel: "Votre phrase",
    promptHint: "Un ballon rouge flotte au-dessus de la mer au coucher du soleil…",
    style: "Style", shape: "Format", length: "Durée", portrait: "Portrait", landscape: "Paysage", create: "Créer",
    anyStyle: "Libre", mine: "Vos clips", feed: "Fil", feedHint: "Trié selon vos mots, jamais selon le temps de visionnage : il n'est pas mesuré.", steerLabel: "Dites ce que vous voulez voir plus ou moins", steerHint: "plus de vidéos dans l'espace · moins de comédies romantiques", steer: "Orienter", wishes: "Vos souhaits", noWishes: "Aucun souhait : tout a sa chance.", takeAway: "Enlever", stronger: "Plus fort", milder: "Moins fort", undo: "Annuler", personal: "Trier le fil selon mes souhaits", notUnderstood: (parts) => `Pas compris : ${parts}`, why: "Pourquoi ?", whyTerms: { fit: "vos mots", invitation: "des personnes en ont fait quelque chose", freshness: "récent", connection: "personnes avec qui vous créez", wellbeing: "plus doux", diversity: "variété", chance: "hasard", newest: "le plus récent" },
    more: "En voir plus", noMine: "Rien encore. Votre premier clip apparaîtra ici.", noFeed: "Aucun clip n'a encore été publié.",
    generated: "Créé par IA", post: "Publier", posted: "Publié", remix: "Remixer", remove: "Supprimer", download: "Télécharger",
    sure: "Supprimer ce clip définitivement ?", remixOf: (words) => `Remix de « ${words} »`, cancel: "Annuler",
    deletedParent: "Remix d'un clip retiré", remixed: "Remix",
    notRendered: (list) => `Hors du monde de ce modèle : ${list}`, left: (s) => (s > 90 ? `encore ${Math.round(s / 60)} min environ` : `encore ${s} s environ`),
    ahead: (n) => (n === 1 ? "1 clip avant le vôtre" : `${n} clips avant le vôtre`),
    failed: "Non réalisé", expired: "Votre session est terminée. Reconnectez-vous.", offline: "Le serveur ne répond pas.",
    footer: "Chaque clip est contrôlé avant d'être vu, porte une marque invisible et une déclaration d'origine signée.",
    takedown: "Demander le retrait d'un clip",
    refusals: {
      person_blocked: "Vos mots nomment une personne réelle qui ne doit pas être montrée sans son accord (une personnalité publique, par exemple). Enlevez le nom, ou demandez-lui de prêter son image.",
      likeness_not_found: "Personne de ce nom ne prête son image ici.", likeness_not_allowed: "Cette personne ne vous permet pas d'utiliser son image.", likeness_withdrawn: "Cette personne a retiré son accord.",
      likeness_expired: "L'accord de cette personne a pris fin.", likeness_too_new: "L'image de cette personne vient d'être enregistrée : les autres ne peuvent pas encore l'utiliser.", likeness_purpose: "Cette personne ne permet pas cet usage de son image.", likeness_restricted: "Cette personne exclut ce genre de contenu.",
      teen_style: "Une personne de moins de 18 ans n'est pas montrée dans un style photographique.", consent_withdrawn: "Une personne de ce clip ne prête plus son image.", likeness_unconsented: "Le clip montre quelqu'un qui n'y a pas consenti.", moderation_blocked: "Votre demande a été refusée par notre modération.",
    },
    stages: { queued: "En attente", screening_prompt: "Lecture de vos mots", awaiting_key: "En attente de l'appareil d'une personne montrée", generating: "Image et son en cours", screening_media: "Contrôle de l'image et du son", held: "Une personne va le regarder", signing: "Signature de l'origine", publishing: "Mise à disposition", done: "Prêt" },
    styles: { cinematic: "Cinéma", animation: "Animation", illustration: "Illustration", photographic: "Photographique" },
  },
};

let language = navigator.language.startsWith("fr") ? "fr" : "en";

export const words = () => WORDS[language];
// The server speaks English; what it refuses most is told in the reader's language.
export const told = (error) => words().refusals[error.code] ?? error.message;
export const currentLanguage = () => language;
export const otherLanguage = () => { language = language === "fr" ? "en" : "fr"; };

export function dress(root = document) {
  document.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-words]")) element.textContent = words()[element.dataset.words];
}
