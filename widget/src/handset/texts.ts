/** The handset's words; all five languages travel with the page. */

const en = {
  title: "Telephone",
  opening: "Connecting…",
  idle: "Ready. Calls to this number ring here.",
  ringing: "Incoming call",
  connecting: "Connecting…",
  talking: "In a call",
  lost: "This telephone is not connected.",
  taken: "Another tab has this number already.",
  expired: "This link is no longer valid. Ask for a new one.",
  microphone: "The microphone could not be opened.",
  again: "Try again",
  answer: "Answer",
  decline: "Decline",
  hangup: "Hang up",
  mute: "Mute",
  keys: "Keypad",
  unknown: "Unknown number",
};

export type Texts = typeof en;

const fr: Texts = {
  title: "Téléphone",
  opening: "Connexion…",
  idle: "Prêt. Les appels à ce numéro sonnent ici.",
  ringing: "Appel entrant",
  connecting: "Connexion…",
  talking: "En communication",
  lost: "Ce téléphone n’est pas connecté.",
  taken: "Un autre onglet a déjà ce numéro.",
  expired: "Ce lien n’est plus valable. Demandez-en un autre.",
  microphone: "Le micro n’a pas pu être ouvert.",
  again: "Réessayer",
  answer: "Répondre",
  decline: "Refuser",
  hangup: "Raccrocher",
  mute: "Couper le micro",
  keys: "Clavier",
  unknown: "Numéro inconnu",
};

const es: Texts = {
  title: "Teléfono",
  opening: "Conectando…",
  idle: "Listo. Las llamadas a este número suenan aquí.",
  ringing: "Llamada entrante",
  connecting: "Conectando…",
  talking: "En llamada",
  lost: "Este teléfono no está conectado.",
  taken: "Otra pestaña ya tiene este número.",
  expired: "Este enlace ya no es válido. Pide uno nuevo.",
  microphone: "No se pudo abrir el micrófono.",
  again: "Reintentar",
  answer: "Contestar",
  decline: "Rechazar",
  hangup: "Colgar",
  mute: "Silenciar",
  keys: "Teclado",
  unknown: "Número desconocido",
};

const ar: Texts = {
  title: "هاتف",
  opening: "جارٍ الاتصال…",
  idle: "جاهز. المكالمات إلى هذا الرقم ترنّ هنا.",
  ringing: "مكالمة واردة",
  connecting: "جارٍ الاتصال…",
  talking: "في مكالمة",
  lost: "هذا الهاتف غير متصل.",
  taken: "هذا الرقم مفتوح في نافذة أخرى.",
  expired: "لم يعد هذا الرابط صالحًا. اطلب رابطًا جديدًا.",
  microphone: "تعذّر فتح الميكروفون.",
  again: "أعد المحاولة",
  answer: "ردّ",
  decline: "رفض",
  hangup: "إنهاء",
  mute: "كتم الصوت",
  keys: "لوحة الأرقام",
  unknown: "رقم مجهول",
};

const ary: Texts = {
  ...ar,
  title: "تيليفون",
  opening: "كيتكونيكطا…",
  idle: "واجد. المكالمات لهاد النمرة كيصونيو هنا.",
  ringing: "مكالمة جاية",
  connecting: "كيتكونيكطا…",
  talking: "فمكالمة",
  lost: "هاد التيليفون ما مكونيكطيش.",
  taken: "هاد النمرة محلولة فنافذة خرى.",
  expired: "هاد الرابط ما بقاش صالح. طلب واحد جديد.",
  microphone: "ما قدرناش نحلو الميكرو.",
  again: "عاود جرّب",
  answer: "جاوب",
  decline: "رفض",
  hangup: "قطع",
  unknown: "نمرة ما معروفاش",
};

const LANGUAGES: Record<string, Texts> = { en, fr, es, ar, ary };

/** The first of the browser's languages we have, then English; sets the page's language and direction. */
export function speak(): Texts {
  const asked = navigator.languages.flatMap((tag) => [tag.toLowerCase(), tag.toLowerCase().split("-")[0] ?? ""]);
  const language = asked.find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en";
  const texts = LANGUAGES[language] ?? en;
  document.documentElement.lang = language;
  document.documentElement.dir = language.startsWith("ar") ? "rtl" : "ltr";
  document.title = texts.title;
  return texts;
}
