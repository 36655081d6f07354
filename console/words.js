// The console's words in French. English stands where it is used, as t`words with ${values}`; `word` is for plain terms.
// Nobody else's words pass through here: only what the console itself says is looked up.
export const language = navigator.language.startsWith("fr") ? "fr" : "en";

export function t(parts, ...values) {
  const said = language === "fr" ? FRENCH[parts.join("{}")]?.split("{}") ?? parts : parts;
  return said.reduce((words, part, index) => words + values[index - 1] + part);
}

export const word = (term) => (language === "fr" && FRENCH[term]) || term;

// What the page itself holds, before anything of anybody is in it.
export function translate(root) {
  document.documentElement.lang = language;
  if (language === "en") return;
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.data.trim();
    if (FRENCH[words]) texts.currentNode.data = texts.currentNode.data.replace(words, FRENCH[words]);
  }
  for (const named of root.querySelectorAll("[aria-label]")) named.setAttribute("aria-label", word(named.getAttribute("aria-label")));
}

export const FRENCH = {
  "Volary review": "Modération Volary", Desk: "Bureau", Figures: "Chiffres", Keys: "Touches", "Sign out": "Sortir", Views: "Vues",
  "Sign in": "Entrer", "Access token (": "Jeton d’accès (", "Come in": "Entrer",
  "The token stays in this tab's memory and is forgotten after fifteen minutes without a key or a click.": "Le jeton reste dans la mémoire de cet onglet et s’oublie après quinze minutes sans touche ni clic.",
  Queue: "File", Harm: "Dommage", all: "tous", "Next case": "Cas suivant", "Open cases": "Cas ouverts", More: "Suite",
  "No case is open": "Aucun cas n’est ouvert", "Figures of fourteen days": "Chiffres de quatorze jours",
  Decide: "Décider", Decision: "Décision", Ground: "Motif", "What the author is told": "Ce que l’auteur apprend", Template: "Modèle", Cancel: "Annuler",
  Note: "Note", "For those who look at this case later": "Pour qui regardera ce cas plus tard", Keep: "Garder", Close: "Fermer",
  "Fifteen minutes without a key or a click: sign in again.": "Quinze minutes sans touche ni clic : entrez à nouveau.",
  "You are in.": "Vous êtes entré.", "You are out.": "Vous êtes sorti.",
  " · break until {}": " · pause jusqu’à {}", "{} · seen {} of {} points, {} of {} grave{}": "{} · vu {} points sur {}, {} cas graves sur {}{}",
  none: "aucun", "Decide {} marked ": "Décider les {} marqués ", "The queue is empty.": "La file est vide.",
  release: "publier", reject: "refuser", keep: "laisser", remove: "retirer", erase: "effacer", suspend: "suspendre", uphold: "maintenir", overturn: "annuler",
  held: "retenu", notice: "notification", report: "signalement", match: "concordance", strikes: "avertissements", appeal: "recours", sample: "échantillon",
  open: "ouvert", decided: "décidé", done: "clos", free: "libre", yours: "à vous", taken: "pris", active: "actif", suspended: "suspendu", erased: "effacé",
  "Decide…": "Décider…", Escalate: "Transmettre", "Escalated.": "Transmis.", "Second reviewer": "Deuxième avis", "Left to a second reviewer.": "Laissé à un deuxième avis.",
  "Put back": "Remettre", "Put back.": "Remis.", Undo: "Reprendre", "Claim a case first.": "Prenez d’abord un cas.",
  "{}: a second person must agree.": "{} : une deuxième personne doit être d’accord.", "You two disagree: a senior decides.": "Vous n’êtes pas d’accord : un senior décide.",
  "{}: takes effect in 30 seconds. u takes it back.": "{} : prend effet dans 30 secondes. u le reprend.",
  "There is nothing to take back.": "Il n’y a rien à reprendre.", "Taken back.": "Repris.", "{} (needs a second person)": "{} (à deux)",
  "Preview ": "Aperçu ", "Decide ": "Décider ", "{} of {} can be decided so:": "{} sur {} peuvent être décidés ainsi :", "Decide {}": "Décider {}", "{} decided.": "{} décidés.",
  "Mark cases with v first.": "Marquez d’abord des cas avec v.",
  "next case for you": "votre cas suivant", "down the queue": "plus bas dans la file", "up the queue": "plus haut dans la file", "claim and open": "prendre et ouvrir",
  "mark for bulk": "marquer pour un lot", "decide all marked, with a preview": "décider le lot, avec aperçu", "play or pause": "lire ou arrêter",
  "blur on or off": "flou ou net", "sound on or off": "son ou silence", "grey on or off": "gris ou couleurs", "a second back": "une seconde en arrière", "a second on": "une seconde en avant",
  "let it be (release, keep, overturn)": "laisser (publier, laisser, annuler)", "stop it (reject, remove, uphold)": "arrêter (refuser, retirer, maintenir)",
  "decide with words of your own": "décider avec vos mots", "escalate to a senior": "transmettre à un senior", "leave it to a second reviewer": "laisser à un deuxième avis",
  "put back": "remettre", note: "note", undo: "reprendre", desk: "bureau", figures: "chiffres", "these keys": "ces touches", Space: "Espace", "jump to what a model saw": "aller à ce qu’un modèle a vu",
  Blur: "Flou", Mute: "Silence", Grey: "Gris", "{} is on": "{} : oui", "{} is off": "{} : non",
  "{} · {} · severity {}": "{} · {} · gravité {}", "no category": "sans catégorie", "What to do": "Que faire",
  "Claim the case to see the clip: looking counts.": "Prenez le cas pour voir le clip : chaque regard compte.", "What each model saw, and where": "Ce que chaque modèle a vu, et où",
  "The clip under review": "Le clip examiné", "The clip cannot be shown: {}": "Le clip ne peut être montré : {}", Frames: "Images", "There is no strip of frames.": "Il n’y a pas de bande d’images.",
  Clock: "Délai", Status: "État", escalated: "transmis", "a second decision is needed": "il faut une deuxième décision", Prompt: "Demande",
  "Notice ({}, {})": "Notification ({}, {})", "Appeal against: {}": "Recours contre : {}", Report: "Signalement",
  "Earlier reports by this person: {}; decided {}, right {}": "Signalements antérieurs de cette personne : {} ; décidés {}, fondés {}", Heard: "Entendu", Reasons: "Raisons", "Not looked for": "Non cherché", "Policy: {}": "Règle : {}",
  Consent: "Consentement", Lineage: "Lignée", from: "vient de", remix: "remix", "made from nothing, and nothing was made from it": "fait de rien, et rien n’en a été fait",
  Author: "Auteur", Account: "Compte", "{}, since {}": "{}, depuis {}", "Earlier cases": "Cas antérieurs", "{}, of which {} restricted": "{}, dont {} restreints",
  Strikes: "Avertissements", "{} of {}": "{} sur {}", "Reports on this clip": "Signalements de ce clip", Notes: "Notes", History: "Historique",
  "@{}, {}, version {}: stands": "@{}, {}, version {} : valable", "@{}, {}, version {}: withdrawn": "@{}, {}, version {} : retiré",
  "{}; made by themselves": "{} ; fait par la personne même", "{}; made for {}": "{} ; fait pour {}",
  "No model pointed at anything.": "Aucun modèle n’a rien signalé.", "the whole clip": "tout le clip", "{} {} {}, {}: jump there": "{} {} {}, {} : y aller",
  "Frames of the clip": "Images du clip", "Frame at {} s: jump there": "Image à {} s : y aller", "{} min": "{} min", "{} h": "{} h", "{} days": "{} jours", "{} late": "{} de retard", "{} left": "encore {}",
  "nothing counted yet": "rien encore", "Backlog by age: {} wait": "En attente par âge : {}", cases: "cas", "Opened and decided a day": "Ouverts et décidés par jour", opened: "ouvert",
  "Decided late": "Décidés en retard", late: "en retard", Decisions: "Décisions", decisions: "décisions", "Appeals won (overturn rate)": "Recours gagnés",
  "Held clips where reviewers agreed with the models": "Clips retenus où les humains suivent les modèles", "Samples where the second look agreed": "Échantillons confirmés au second regard",
};
