// How all of it looks on a desk.

import { gallery } from "../harness/gallery.mjs";

gallery({ lang: "en", viewport: "desktop", scheme: "light" });
gallery({ lang: "ko", viewport: "desktop", scheme: "dark" });
