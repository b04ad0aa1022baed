//! The pages: in the visitor's language, under one policy, with their files. Their behaviour is tested in a browser.
//!
//! The scripts are embedded when they were built before the server was (`cargo xtask pages`), and both are said here:
//! a page that has them and a page that does not.

use daegeum_tests::{Answer, Caller, Shop};
use reqwest::Method;

/// A server of this build shows pages, or says what to run for them.
struct Site {
    shop: Shop,
    is_built: bool,
}

impl Site {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    async fn open_with(settings: &[(&str, &str)]) -> Self {
        let shop = Shop::open_with(settings).await;
        let is_built = shop.stranger().get("/checkout").await.status == 200;
        Self { shop, is_built }
    }

    async fn checkout(&self, query: &str, headers: &[(&str, &str)]) -> Answer {
        asking(self.shop.stranger(), &format!("/checkout{query}"), headers).await
    }

    /// The files that a page names.
    async fn linked(&self) -> Vec<String> {
        let page = html(&self.checkout("", &[]).await);
        let quoted = page.split('"').filter(|text| text.starts_with("/assets/"));
        let mut files: Vec<_> = quoted.map(str::to_owned).collect();
        files.sort();
        files.dedup();
        files
    }
}

async fn asking(caller: &Caller, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = caller.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::to(request).await
}

fn html(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).expect("a page is UTF-8")
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let value = answer.headers.get(name);
    value.map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn a_page_is_there_or_says_what_to_run_in_both_languages() {
    let site = Site::open().await;
    let page = site.checkout("", &[]).await;
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    assert!(!header(&page, "x-request-id").is_empty());
    let shown = html(&page);
    if site.is_built {
        assert!(shown.contains("data-checkout"), "{shown}");
        assert!(shown.contains("/assets/"), "{shown}");
    } else {
        assert_eq!(page.status, 503);
        for text in [
            "cargo xtask pages",
            "아직 빌드되지 않았습니다",
            "have not been built",
        ] {
            assert!(shown.contains(text), "{text} in {shown}");
        }
        assert!(!shown.contains("/assets/"), "{shown}");
    }
    // What is no page refuses as it always did.
    let nothing = site.shop.stranger().get("/checkouts").await;
    assert_eq!((nothing.status, nothing.code()), (404, "NOT_FOUND"));
}

/// Browsers name pages among what they take; programs name nothing, or what they read.
#[tokio::test]
async fn unknown_address_is_a_page_to_people_and_a_problem_to_programs() {
    let site = Site::open().await;
    let stranger = site.shop.stranger();
    let browser = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    for (path, headers, is_page) in [
        ("/checkouts", &[browser][..], true),
        (
            "/checkouts/a?b=c",
            &[browser, ("accept-language", "en")][..],
            true,
        ),
        ("/checkouts", &[][..], false),
        ("/checkouts", &[("accept", "application/json")][..], false),
        ("/checkouts", &[("accept", "*/*")][..], false),
        ("/api/v1/nothing", &[browser][..], false),
        ("/api", &[browser][..], false),
    ] {
        let answer = asking(stranger, path, headers).await;
        assert_eq!(answer.status, 404, "{path} {headers:?}");
        let kind = header(&answer, "content-type");
        if is_page && site.is_built {
            assert_eq!(kind, "text/html; charset=utf-8", "{path} {headers:?}");
            let shown = html(&answer);
            assert!(shown.contains("class=\"nowhere\""), "{shown}");
            // Nobody is sent to a shop whose address is not known.
            let names_shop = ["go back to the shop", "상점으로 돌아가"];
            let names_shop = names_shop.iter().any(|words| shown.contains(words));
            assert_eq!(names_shop, shown.contains("class=\"button\""), "{shown}");
            assert!(!header(&answer, "content-security-policy").is_empty());
        } else {
            assert_eq!(kind, "application/problem+json", "{path} {headers:?}");
            assert_eq!(answer.code(), "NOT_FOUND");
        }
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert!(
            vary.iter().any(|value| value.as_bytes() == b"Accept"),
            "{vary:?}"
        );
    }
    let request = stranger.request(Method::POST, "/checkouts");
    let posted = Answer::to(request.header("accept", "text/html")).await;
    posted.refused(404, "NOT_FOUND");
}

/// In Korea a seller has to be named.
#[tokio::test]
async fn checkout_and_receipt_name_the_seller_and_link_its_rules() {
    let named = [
        ("DAEGEUM_SHOP_NAME", "붓과 물 <상점>"),
        ("DAEGEUM_SHOP_BUSINESS_NUMBER", "1234567891"),
        ("DAEGEUM_SHOP_REPRESENTATIVE", "김하나"),
        ("DAEGEUM_SHOP_ADDRESS", "서울특별시 중구 세종대로 1"),
        ("DAEGEUM_SHOP_TELEPHONE", "02-123-4567"),
        ("DAEGEUM_SHOP_EMAIL", "help@shop.example"),
        ("DAEGEUM_SHOP_MAIL_ORDER_NUMBER", "제2026-서울중구-0001호"),
        ("DAEGEUM_SHOP_HOSTING_PROVIDER", "한빛호스팅"),
        ("DAEGEUM_SHOP_TERMS_URL", "https://shop.example/terms"),
        (
            "DAEGEUM_SHOP_REFUND_RULES_URL",
            "https://shop.example/refunds",
        ),
        ("DAEGEUM_SHOP_PRIVACY_URL", "https://shop.example/privacy"),
    ];
    let site = Site::open_with(&named).await;
    for path in ["/checkout", "/receipt"] {
        let page = html(&site.shop.stranger().get(path).await);
        if !site.is_built {
            continue;
        }
        for said in [
            "붓과 물 &#60;상점&#62;",
            "123-45-67891",
            "김하나",
            "세종대로 1",
            "02-123-4567",
            "help@shop.example",
            "제2026-서울중구-0001호",
            "한빛호스팅",
        ] {
            assert!(page.contains(said), "{said} on {path}: {page}");
        }
        let links = ["terms", "refunds", "privacy"];
        for link in links.iter().filter(|_| path == "/checkout") {
            let href = format!("href=\"https://shop.example/{link}\"");
            assert!(page.contains(&href), "{href} on {path}");
        }
    }
    let unnamed = Site::open().await;
    let page = html(&unnamed.shop.stranger().get("/checkout").await);
    assert!(!page.contains("class=\"seller\""), "{page}");
}

/// A receipt is neither of the papers that tax law knows.
#[tokio::test]
async fn receipt_page_says_what_it_is_not_in_both_languages() {
    let site = Site::open().await;
    for (language, title, is_not) in [
        (
            "ko",
            "<title>영수증</title>",
            "세금계산서나 현금영수증이 아닙니다",
        ),
        (
            "en",
            "<title>Receipt</title>",
            "neither a tax invoice nor a cash receipt",
        ),
    ] {
        let path = format!("/receipt?lang={language}");
        let answer = site.shop.stranger().get(&path).await;
        let page = html(&answer);
        if site.is_built {
            assert!(page.contains(title) && page.contains(is_not), "{page}");
        } else {
            assert_eq!(answer.status, 503);
        }
    }
}

#[tokio::test]
async fn page_has_the_policy_and_is_not_cached() {
    let site = Site::open().await;
    let page = site.checkout("", &[]).await;
    let policy = header(&page, "content-security-policy");
    for said in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(said), "{said} in {policy}");
    }
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    for (name, expected) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(header(&page, name), expected, "{name}");
    }
}

/// Pages contain nothing that the policy forbids, so nothing breaks because of it.
#[tokio::test]
async fn no_script_style_or_handler_is_inline() {
    let site = Site::open().await;
    for language in ["ko", "en"] {
        let shown = html(&site.checkout(&format!("?lang={language}"), &[]).await);
        for inline in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!shown.contains(inline), "{inline} in {shown}");
        }
        let scripts = shown.split("<script").skip(1);
        for script in scripts {
            assert!(
                script.starts_with(" type=\"module\" src=\"/assets/"),
                "{script}"
            );
            assert!(script.contains("\"></script>"), "{script}");
        }
    }
}

#[tokio::test]
async fn page_is_in_the_visitors_language() {
    let site = Site::open().await;
    for (query, headers, language) in [
        ("", &[][..], "ko"),
        ("", &[("accept-language", "en-US,en;q=0.9")][..], "en"),
        ("", &[("accept-language", "ko,en;q=0.9")][..], "ko"),
        ("", &[("accept-language", "de")][..], "ko"),
        (
            "",
            &[("accept-language", "ko"), ("cookie", "a=b; lang=en")][..],
            "en",
        ),
        (
            "?lang=ko",
            &[("accept-language", "en"), ("cookie", "lang=en")][..],
            "ko",
        ),
        ("?lang=xx", &[("cookie", "lang=en")][..], "en"),
        // What a gateway adds to the address is for the script.
        (
            "?lang=en&orderId=pay_1&paymentKey=a%2Bb&amount=1",
            &[][..],
            "en",
        ),
    ] {
        let page = site.checkout(query, headers).await;
        let tag = format!("<html lang=\"{language}\">");
        assert!(html(&page).contains(&tag), "{query} {headers:?}");
        let vary = header(&page, "vary").to_owned();
        assert!(
            vary.contains("Accept-Language") && vary.contains("Cookie"),
            "{vary}"
        );
    }
}

#[tokio::test]
async fn language_cookie_is_the_only_cookie() {
    let site = Site::open().await;
    let chosen = site.checkout("?lang=en", &[]).await;
    let cookie = header(&chosen, "set-cookie");
    assert!(cookie.starts_with("lang=en; "), "{cookie}");
    for said in ["Path=/", "Max-Age=31536000", "SameSite=Lax"] {
        assert!(cookie.contains(said), "{said} in {cookie}");
    }
    for query in ["", "?lang=xx", "?lang=en%0d%0aset-cookie:%20a=b"] {
        let page = site.checkout(query, &[]).await;
        assert_eq!(header(&page, "set-cookie"), "", "{query}");
    }
}

#[tokio::test]
async fn page_is_compressed_if_the_browser_accepts_it() {
    let site = Site::open().await;
    let plain = site.checkout("", &[]).await;
    assert_eq!(header(&plain, "content-encoding"), "");
    let packed = site.checkout("", &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert!(packed.bytes.starts_with(&[0x1f, 0x8b]));
    assert!(packed.bytes.len() < plain.bytes.len());
}

#[tokio::test]
async fn link_to_the_shop_is_the_configured_one() {
    let linked =
        Site::open_with(&[("DAEGEUM_CHECKOUT_SHOP_URL", "https://shop.example/orders")]).await;
    let page = html(&linked.checkout("", &[]).await);
    assert_eq!(
        linked.is_built,
        page.contains("href=\"https://shop.example/orders\""),
        "{page}"
    );
    let unlinked = Site::open().await;
    let page = html(&unlinked.checkout("", &[]).await);
    let leads_nowhere = page.contains("hidden data-leave") && !page.contains("href=\"https://");
    assert_eq!(unlinked.is_built, leads_nowhere, "{page}");
}

#[tokio::test]
async fn assets_are_cached_for_ever_and_compressed() {
    let site = Site::open().await;
    let files = site.linked().await;
    assert_eq!(site.is_built, !files.is_empty());
    let stranger = site.shop.stranger();
    for file in &files {
        let whole = stranger.get(file).await;
        assert_eq!(whole.status, 200, "{file}");
        assert_eq!(
            header(&whole, "cache-control"),
            "public, max-age=31536000, immutable",
            "{file}"
        );
        assert_eq!(
            header(&whole, "x-content-type-options"),
            "nosniff",
            "{file}"
        );
        assert_eq!(header(&whole, "content-encoding"), "", "{file}");
        let kind = header(&whole, "content-type");
        let expected = match file.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "wasm")) => "application/wasm",
            _ => "text/javascript; charset=utf-8",
        };
        assert_eq!(kind, expected, "{file}");

        for (accepts, encoding) in [
            ("gzip, deflate, br", "br"),
            ("gzip", "gzip"),
            ("br;q=0, gzip", "gzip"),
        ] {
            let packed = asking(stranger, file, &[("accept-encoding", accepts)]).await;
            assert_eq!(header(&packed, "content-encoding"), encoding, "{file}");
            assert_eq!(header(&packed, "content-type"), kind, "{file}");
            assert_ne!(header(&packed, "etag"), header(&whole, "etag"), "{file}");
        }

        let tag = header(&whole, "etag");
        assert!(tag.starts_with('"') && tag.len() > 20, "{tag}");
        let again = asking(stranger, file, &[("if-none-match", tag)]).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0), "{file}");
        let changed = asking(stranger, file, &[("if-none-match", "\"another\"")]).await;
        assert_eq!(changed.status, 200, "{file}");
    }
}

#[tokio::test]
async fn nothing_else_is_served_as_a_file() {
    let site = Site::open().await;
    for path in [
        "/assets/none.js",
        "/assets/manifest.json",
        "/assets/..%2F.vite%2Fmanifest.json",
        "/assets/../.vite/manifest.json",
        "/assets/",
        "/assets/.vite/manifest.json",
        "/.vite/manifest.json",
    ] {
        let answer = site.shop.stranger().get(path).await;
        assert_eq!((answer.status, answer.code()), (404, "NOT_FOUND"), "{path}");
        assert_eq!(header(&answer, "cache-control"), "", "{path}");
    }
}

#[tokio::test]
async fn package_is_served_whole_and_by_file_to_pages_of_any_origin() {
    let site = Site::open().await;
    let from_elsewhere = [("Origin", "https://shop.example")];
    let whole = asking(
        site.shop.stranger(),
        "/package/checkout.tgz",
        &from_elsewhere,
    )
    .await;
    if !site.is_built {
        whole.refused(404, "NOT_FOUND");
        return;
    }
    assert_eq!(header(&whole, "content-type"), "application/gzip");
    assert_eq!(whole.bytes[..2], [0x1f, 0x8b], "it is packed");
    for (file, kind) in [
        ("index.js", "text/javascript; charset=utf-8"),
        ("core_bg.wasm", "application/wasm"),
        ("index.d.ts", "text/plain; charset=utf-8"),
        ("package.json", "application/json"),
    ] {
        let path = format!("/package/checkout/{file}");
        let answer = asking(site.shop.stranger(), &path, &from_elsewhere).await;
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(header(&answer, "content-type"), kind, "{file}");
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            "*",
            "{file}"
        );
        let tag = header(&answer, "etag").to_owned();
        let again = asking(site.shop.stranger(), &path, &[("If-None-Match", &tag)]).await;
        assert_eq!(again.status, 304, "{file}");
    }
    for path in [
        "/package/checkout/LICENSE",
        "/package/checkout/..%2f..%2fassets",
        "/package/other.tgz",
    ] {
        let answer = asking(site.shop.stranger(), path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
