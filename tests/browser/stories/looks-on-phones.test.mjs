// How all of it looks on a phone.

import { gallery } from "../harness/gallery.mjs";

gallery({ lang: "ko", viewport: "phone", scheme: "light" });
gallery({ lang: "en", viewport: "phone", scheme: "dark" });
