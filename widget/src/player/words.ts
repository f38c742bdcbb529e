/** The player's words, a row each: English, French, Spanish, Arabic, and Darija where it differs. */

const LANGUAGES = ["en", "fr", "es", "ar", "ary"];

/** Rows, not a table per language: every name is on the wire once. Checked in test/player_words.test.ts. */
export const ROWS = {
  title: "Replay|Réécoute|Reproducción|إعادة الاستماع",
  play: "Play|Lire|Reproducir|تشغيل|شغّل",
  pause: "Pause|Pause|Pausa|إيقاف مؤقت|وقّف",
  position: "Position|Position|Posición|الموضع",
  of: "{now} of {end}|{now} sur {end}|{now} de {end}|{now} من {end}",
  speed: "Speed|Vitesse|Velocidad|السرعة",
  skip: "Skip silence|Passer les silences|Saltar silencios|تخطي الصمت",
  search: "Search the transcript|Chercher dans la transcription|Buscar en la transcripción|البحث في النص",
  next: "Next|Suivant|Siguiente|التالي",
  previous: "Previous|Précédent|Anterior|السابق",
  found: "{n} found|{n} trouvés|{n} encontrados|{n} نتيجة",
  download: "Download|Télécharger|Descargar|تنزيل",
  customer: "Customer|Client|Cliente|العميل",
  ours: "Our side|Notre côté|Nuestro lado|جانبنا",
  summary: "Summary|Résumé|Resumen|الملخص",
  outcome: "Outcome|Issue|Resultado|النتيجة",
  interest: "Interest|Intérêt|Interés|الاهتمام",
  sentiment: "Sentiment|Ressenti|Sentimiento|الانطباع",
  score: "Lead score|Score|Puntuación|التقييم",
  by: "Judged by {engine}|Évalué par {engine}|Valorado por {engine}|قيّمه {engine}",
  builtin: "the built-in rules|les règles intégrées|las reglas integradas|القواعد المدمجة",
  positive: "positive|positif|positivo|إيجابي",
  neutral: "neutral|neutre|neutral|محايد",
  negative: "negative|négatif|negativo|سلبي",
  fulfilled: "fulfilled|abouti|cumplido|تم",
  follow_up: "follow up|à relancer|seguimiento|للمتابعة",
  not_interested: "not interested|pas intéressé|sin interés|غير مهتم",
  no_conversation: "no conversation|pas d’échange|sin conversación|بلا حديث",
  noRecording:
    "This call was not recorded.|Cet appel n’a pas été enregistré.|Esta llamada no se grabó.|لم تُسجَّل هذه المكالمة.",
  processing:
    "Still being prepared; it appears by itself.|Encore en préparation ; il apparaîtra tout seul.|Aún se está preparando; aparecerá sola.|ما زال قيد الإعداد؛ سيظهر وحده.|مازال كيتوجد؛ غادي يبان بوحدو.",
  failed: "The recording failed.|L’enregistrement a échoué.|La grabación falló.|فشل التسجيل.",
  noSound:
    "The sound could not be loaded.|Le son n’a pas pu être chargé.|No se pudo cargar el sonido.|تعذر تحميل الصوت.",
  noWords: "No transcript.|Pas de transcription.|Sin transcripción.|لا يوجد نص.",
  noLanguage:
    "No transcript: this language is not covered.|Pas de transcription : cette langue n’est pas couverte.|Sin transcripción: este idioma no está cubierto.|لا يوجد نص: هذه اللغة غير مدعومة.",
  transcript: "Transcript|Transcription|Transcripción|النص",
  follow: "Back to now|Revenir à l’instant|Volver al momento|العودة إلى الآن",
  used: "This link was already opened|Ce lien a déjà été ouvert|Este enlace ya se abrió|فُتح هذا الرابط من قبل",
  usedHint:
    "It works once. Ask for a new one.|Il ne sert qu’une fois. Demandez-en un autre.|Sirve una vez. Pida otro.|يعمل مرة واحدة. اطلب رابطًا جديدًا.",
  expired: "This link is too old|Ce lien est trop ancien|Este enlace es demasiado antiguo|هذا الرابط قديم",
  stale: "This page is too old|Cette page est trop ancienne|Esta página es demasiado antigua|هذه الصفحة قديمة",
  invalid: "This link is not valid|Ce lien n’est pas valable|Este enlace no es válido|هذا الرابط غير صالح",
  again:
    "Open the call again where you found it.|Rouvrez l’appel là où vous l’avez trouvé.|Abra de nuevo la llamada donde la encontró.|افتح المكالمة من جديد حيث وجدتها.",
  erased: "This recording was erased|Cet enregistrement a été effacé|Esta grabación se borró|مُحي هذا التسجيل",
  erasedHint: "Nothing of it is left.|Il n’en reste rien.|No queda nada de ella.|لم يبق منه شيء.",
  lost: "The server cannot be reached|Le serveur est injoignable|El servidor no responde|لا يمكن الوصول إلى الخادم",
  retry: "Try again|Réessayer|Reintentar|أعد المحاولة|عاود",
  copyLink: "Copy link|Copier le lien|Copiar enlace|نسخ الرابط",
  copyTime: "Copy time|Copier l’instant|Copiar el momento|نسخ اللحظة",
  copied: "Copied|Copié|Copiado|نُسخ",
};
export type Key = keyof typeof ROWS;
export type T = (key: Key, fill?: Record<string, string>) => string;

/** The browser's first language that we have, else English. */
export function words(): { t: T; language: string } {
  const asked = navigator.languages.flatMap((tag) => [tag.toLowerCase(), tag.toLowerCase().split("-")[0] ?? ""]);
  const language = asked.find((tag) => LANGUAGES.includes(tag)) ?? "en";
  const column = LANGUAGES.indexOf(language);
  return {
    language,
    t(key, fill = {}) {
      const row = ROWS[key].split("|");
      return (row[column] ?? row[3] ?? "").replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? "");
    },
  };
}
