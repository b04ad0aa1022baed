// Money and time as people of the page's language write them. Amounts are whole numbers of the currency's minor
// unit; won have none.

const language = document.documentElement.lang === "en" ? "en" : "ko";

const number = new Intl.NumberFormat(language);

// A Korean receipt tells Korean time wherever it is read.
const time = new Intl.DateTimeFormat(language, {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "Asia/Seoul",
});

/** `11000` as `11,000원` or `₩11,000`. */
export function money(amount, currency = "KRW") {
  if (currency !== "KRW") return new Intl.NumberFormat(language, { style: "currency", currency }).format(amount);
  return language === "ko" ? `${number.format(amount)}원` : `₩${number.format(amount)}`;
}

/** A count. */
export function count(value) {
  return number.format(value);
}

/** A moment, to the minute, in Korean time; English says so. */
export function moment(text) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  return language === "ko" ? time.format(at) : `${time.format(at)} KST`;
}

/** The one of two texts that the page's language needs. */
export function spoken(texts) {
  return texts?.[language] ?? texts?.ko ?? "";
}
