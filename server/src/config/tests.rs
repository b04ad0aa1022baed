//! The configuration as a whole: what wins, what is refused, what is shown.

use super::*;
use crate::world::ManualWorld;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const C: &str = "cccccccccccccccccccccccccccccccccccc";
const DATA_KEY: &str = "dddddddddddddddddddddddddddddddddddddddddd8=";

fn world() -> ManualWorld {
    ManualWorld::new(0, 7)
}

fn production() -> Vec<(&'static str, &'static str)> {
    vec![
        ("DAEGEUM_MERCHANT_KEY", A),
        ("DAEGEUM_ADMIN_KEY", B),
        ("DAEGEUM_BUYER_JWT_SECRET", C),
        ("DAEGEUM_DATA_KEY", DATA_KEY),
    ]
}

fn load_as(
    purpose: Purpose,
    flags: &Flags,
    variables: &[(&str, &str)],
) -> Result<Config, ConfigError> {
    let variables = variables
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Config::load(flags, variables, purpose, &world())
}

fn load(flags: &Flags, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load_as(Purpose::Serve, flags, variables)
}

#[expect(clippy::disallowed_methods, reason = "a test's own file")]
fn file(text: &str) -> (tempfile::TempDir, Flags) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daegeum.toml");
    std::fs::write(&path, text).unwrap();
    (
        folder,
        Flags {
            config: Some(path),
            ..Flags::default()
        },
    )
}

fn problems(flags: &Flags, variables: &[(&str, &str)]) -> String {
    load(flags, variables)
        .expect_err("should have been refused")
        .to_string()
}

#[test]
fn defaults_are_those_of_the_table() {
    let Config {
        settings, secrets, ..
    } = load(&Flags::default(), &production()).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.orders.unpaid_after.as_secs(), 1800);
    assert!(!settings.orders.cancel_on_failure && !settings.gateways.mock);
    assert_eq!(
        (settings.limits.connections, settings.limits.body.0),
        (1024, 256 * 1024)
    );
    assert_eq!(
        (&*secrets.merchants[0].name, &*secrets.admins[0].name),
        ("merchant", "admin")
    );
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let (_folder, mut flags) =
        file("listen = \"127.0.0.1:1\"\n[limits]\nconnections = 2\nbody = \"1MiB\"\n");
    let mut variables = production();
    variables.extend([
        ("DAEGEUM_LISTEN", "127.0.0.1:3"),
        ("DAEGEUM_LIMITS_CONNECTIONS", "4"),
    ]);
    let config = load(&flags, &variables).unwrap();
    assert_eq!(config.settings.server.listen.port(), 3);
    assert_eq!(config.settings.limits.connections, 4);
    assert_eq!(config.settings.limits.body.0, 1 << 20);

    flags.listen = Some("127.0.0.1:5".into());
    let shown = load(&flags, &variables).unwrap().to_toml();
    assert!(
        shown.contains("listen = \"127.0.0.1:5\" # --listen\n"),
        "{shown}"
    );
    assert!(
        shown.contains("connections = 4 # DAEGEUM_LIMITS_CONNECTIONS\n"),
        "{shown}"
    );
    assert!(shown.contains("body = \"1MiB\" # file\n"), "{shown}");
    assert!(shown.contains("overlay = 200000 # default\n"), "{shown}");
}

#[test]
fn the_file_can_be_named_by_the_environment() {
    let (_folder, flags) = file("listen = \"127.0.0.1:9\"");
    let path = flags.config.unwrap();
    let mut variables = production();
    variables.push(("DAEGEUM_CONFIG", path.to_str().unwrap()));
    assert_eq!(
        load(&Flags::default(), &variables)
            .unwrap()
            .settings
            .server
            .listen
            .port(),
        9
    );
}

#[test]
fn unknown_names_are_errors_with_the_nearest_known_one() {
    let (_folder, flags) = file("listten = \"127.0.0.1:1\"\n[limits]\nconections = 2\nxyzzy = 1\n");
    let mut variables = production();
    variables.push(("DAEGEUM_ADMIN_KYES", "kim:x"));
    let told = problems(&flags, &variables);
    for part in [
        "listten: no setting has this name; did you mean listen?",
        "limits.conections: no setting has this name; did you mean limits.connections?",
        "limits.xyzzy: no setting has this name\n",
        "DAEGEUM_ADMIN_KYES: no setting has this name; did you mean DAEGEUM_ADMIN_KEY",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn variables_of_kubernetes_do_not_stop_the_start() {
    let mut variables = production();
    variables.extend([
        ("DAEGEUM_SERVICE_HOST", "10.96.0.12"),
        ("DAEGEUM_SERVICE_PORT", "8080"),
        ("DAEGEUM_SERVICE_PORT_HTTP", "8080"),
        ("DAEGEUM_PORT", "tcp://10.96.0.12:8080"),
        ("DAEGEUM_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
        ("DAEGEUM_PORT_8080_TCP_PROTO", "tcp"),
        ("DAEGEUM_PORT_8080_TCP_PORT", "8080"),
        ("DAEGEUM_PORT_8080_TCP_ADDR", "10.96.0.12"),
    ]);
    let config = load(&Flags::default(), &variables).unwrap();
    assert_eq!(config.settings.server.listen.to_string(), "127.0.0.1:8080");

    variables.push(("DAEGEUM_PORT", "9090"));
    let told = problems(&Flags::default(), &variables);
    assert!(
        told.contains("DAEGEUM_PORT: no setting has this name"),
        "{told}"
    );
}

#[test]
fn time_beyond_its_bound_is_refused_with_the_most_that_may_be_set() {
    for (name, bound, beyond, said) in [
        (
            "DAEGEUM_ORDERS_UNPAID_AFTER",
            "400d",
            "401d",
            "orders.unpaid_after",
        ),
        (
            "DAEGEUM_LIMITS_REQUEST_TIMEOUT",
            "1h",
            "61m",
            "limits.request_timeout",
        ),
        (
            "DAEGEUM_LIMITS_SHUTDOWN_TIMEOUT",
            "1h",
            "99999d",
            "limits.shutdown_timeout",
        ),
    ] {
        let with = |value| {
            let mut variables = production();
            variables.push((name, value));
            variables
        };
        assert!(load(&Flags::default(), &with(bound)).is_ok(), "{bound}");
        let told = problems(&Flags::default(), &with(beyond));
        let expected = format!("{said} is longer than it may be: set at most {bound}");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn count_or_size_beyond_its_bounds_is_refused_with_the_bound() {
    for (name, within, beyond, said) in [
        (
            "DAEGEUM_STORE_INDEX_CACHE",
            "1MiB",
            "255",
            "store.index_cache = 255B: set at least 1MiB",
        ),
        (
            "DAEGEUM_STORE_QUEUE",
            "100000",
            "4611686018427387904",
            "store.queue = 4611686018427387904: set at most 100000",
        ),
        (
            "DAEGEUM_LIMITS_CONNECTIONS",
            "1000000",
            "9223372036854775807",
            "limits.connections = 9223372036854775807: set at most 1000000",
        ),
        (
            "DAEGEUM_LIMITS_RATE_PER_KEY",
            "0",
            "4294967295",
            "limits.rate_per_key = 4294967295: set at most 1000000",
        ),
        (
            "DAEGEUM_CHECKOUT_GATEWAY_KEEPS_YEARS",
            "100",
            "0",
            "checkout.gateway_keeps_years = 0: set at least 1",
        ),
        (
            "DAEGEUM_CHECKOUT_GATEWAY_KEEPS_YEARS",
            "1",
            "101",
            "checkout.gateway_keeps_years = 101: set at most 100",
        ),
        (
            "DAEGEUM_TRACES_PERCENT",
            "100",
            "101",
            "traces.percent = 101: set at most 100",
        ),
    ] {
        let with = |value| {
            let mut variables = production();
            variables.push((name, value));
            variables
        };
        assert!(load(&Flags::default(), &with(within)).is_ok(), "{within}");
        let told = problems(&Flags::default(), &with(beyond));
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn shop_name_that_shows_nothing_is_refused_and_an_empty_one_is_none() {
    let with = |value| {
        let mut variables = production();
        variables.push(("DAEGEUM_SHOP_NAME", value));
        variables
    };
    for blank in ["  ", "\u{3000}", "\u{3164}"] {
        let told = problems(&Flags::default(), &with(blank));
        assert!(told.contains("shop.name"), "{told}");
        assert!(told.contains("has no visible character"), "{told}");
    }
    let config = load(&Flags::default(), &with("")).unwrap();
    assert!(config.settings.shop.name.is_none());
}

#[test]
fn every_number_and_size_among_the_settings_has_bounds() {
    // A port's type is its bound; months are checked where they are read, and an amount of won can be any.
    let bounded_elsewhere = [
        "sandbox_ports",
        "gateways.toss.installments_max",
        "gateways.toss.installments_minimum",
    ];
    let most = u32::MAX.to_string();
    let numbers = layers::all().filter(|one| {
        let is_number = one.default.parse::<u64>().is_ok();
        (is_number || one.kind.starts_with("a size")) && !bounded_elsewhere.contains(&one.path)
    });
    for setting in numbers {
        let (name, size) = (setting.environment(), format!("{}GiB", 1 << 20));
        let is_size = setting.kind.starts_with("a size");
        let mut variables = production();
        variables.push((&name, if is_size { &size } else { &most }));
        let told = problems(&Flags::default(), &variables);
        let expected = format!("{} = ", setting.path);
        assert!(told.contains(&expected), "{} has no most", setting.path);
    }
}

#[test]
fn all_invalid_values_are_reported_at_once_without_secrets() {
    let variables = [
        ("DAEGEUM_LISTEN", "8080"),
        ("DAEGEUM_ORDERS_UNPAID_AFTER", "30"),
        ("DAEGEUM_MERCHANT_KEY", "hunter2"),
    ];
    let told = problems(&Flags::default(), &variables);
    assert!(told.contains("listen = \"8080\" (from DAEGEUM_LISTEN): expected address:port"));
    assert!(told.contains("orders.unpaid_after"), "{told}");
    assert!(
        told.contains("merchant_key") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn production_names_every_missing_secret_and_how_to_make_it() {
    let told = problems(&Flags::default(), &[("DAEGEUM_GATEWAYS_MOCK", "true")]);
    for name in [
        "MERCHANT_KEY",
        "ADMIN_KEY",
        "BUYER_JWT_SECRET",
        "DATA_KEY",
        "MOCK_WEBHOOK_SECRET",
    ] {
        assert!(
            told.contains(&format!("DAEGEUM_{name}")),
            "{name} is not in {told}"
        );
    }
    assert_eq!(told.matches("openssl rand").count(), 5);
}

#[test]
fn secret_belongs_to_one_principal() {
    let mut variables = production();
    variables[1].1 = A;
    assert!(problems(&Flags::default(), &variables).contains("merchant merchant and admin admin"));

    let mut variables = production();
    let twice = format!("admin:{C}x");
    variables.push(("DAEGEUM_ADMIN_KEYS", &twice));
    assert!(problems(&Flags::default(), &variables).contains("admin admin is named twice"));
}

#[test]
fn token_secret_is_optional_with_a_jwk_set() {
    let mut variables = production();
    variables.retain(|(name, _)| *name != "DAEGEUM_BUYER_JWT_SECRET");
    assert!(problems(&Flags::default(), &variables).contains("DAEGEUM_BUYER_JWT_SECRET"));
    variables.extend([
        ("DAEGEUM_BUYERS_ISSUER", "https://login.example"),
        ("DAEGEUM_BUYERS_AUDIENCE", "shop-web,shop-app"),
        (
            "DAEGEUM_BUYERS_JWK_SET_URL",
            "https://login.example/keys?p=1",
        ),
    ]);
    let config = load(&Flags::default(), &variables).unwrap();
    assert!(config.secrets.buyer_jwt.is_none());
    let shown = config.to_toml();
    assert!(
        shown.contains("audience = [\"shop-web\", \"shop-app\"]"),
        "{shown}"
    );
}

#[test]
fn jwk_set_needs_https_issuer_and_audience() {
    const FILE: (&str, &str) = ("DAEGEUM_BUYERS_JWK_SET_FILE", "keys.json");
    const URL: (&str, &str) = ("DAEGEUM_BUYERS_JWK_SET_URL", "https://login.example/keys");
    const PLAIN: (&str, &str) = ("DAEGEUM_BUYERS_JWK_SET_URL", "http://127.0.0.1:9/keys");
    const ISSUER: (&str, &str) = ("DAEGEUM_BUYERS_ISSUER", "https://login.example");
    const AUDIENCE: (&str, &str) = ("DAEGEUM_BUYERS_AUDIENCE", "shop");
    for (said, part) in [
        (&[FILE][..], "buyers.issuer is missing"),
        (&[URL, ISSUER], "buyers.audience is missing"),
        (&[FILE, URL, ISSUER, AUDIENCE], "set one of them"),
        (&[PLAIN, ISSUER, AUDIENCE], "must be https"),
    ] {
        let variables = [production(), said.to_vec()].concat();
        let told = problems(&Flags::default(), &variables);
        assert!(told.contains(part), "{part} is not in {told}");
    }
    for said in [&[FILE, ISSUER, AUDIENCE][..], &[ISSUER], &[AUDIENCE]] {
        load(&Flags::default(), &[production(), said.to_vec()].concat()).unwrap();
    }
    let simulated = [
        PLAIN,
        ISSUER,
        AUDIENCE,
        ("DAEGEUM_GATEWAYS_ALLOW_PRIVATE", "true"),
    ];
    load(
        &Flags::default(),
        &[production(), simulated.to_vec()].concat(),
    )
    .unwrap();
}

#[test]
fn public_key_is_refused_as_a_secret() {
    for public in [
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}"#,
        r#"{"keys":[{"n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAt","kty":"RSA"}]}"#,
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDo0jNQb+RejcuvGIr+wc1MG+MkhOzJFT0NwwLG2/wb01U1vgV0LtRUZacSX+8tAoQK\
         M7akRs6dbwXeMRW0dQdWwZc+8AN2/DKpRDrSN8FfDWnfty4c0c5139OFF9oK6tKg6nwfBwYSIuSupeAFhkZ9Xe2mnOqnTdKjKII+2FF4\
         HwIDAQAB",
        "MIIBCgKCAQEAyQEwG+vDztOu0hsWbfUgWDic5EljDK0gzT4rwKki+F5jP0tW",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeiltfphFgkI2yNE8ruEhIIQEyLIt7RqSKlVcrUQqfSW+B7M35aeylZgqpGAohDAJlS4B\
         muxT7YZy6gjifMNJBg==",
        "-----BEGIN-PUBLIC-KEY-----aaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let mut variables = production();
        variables.retain(|(name, _)| *name != "DAEGEUM_BUYER_JWT_SECRET");
        variables.push(("DAEGEUM_BUYER_JWT_SECRET", public));
        let told = problems(&Flags::default(), &variables);
        assert!(told.contains("is a public key"), "{public}: {told}");
        assert!(!told.contains(public), "{told}");
    }
}

const TEST_SK: &str = "test_sk_zXLkKEypNArWmo50";
const TEST_CK: &str = "test_ck_D5GePWvyJnrK0W0k";
const LIVE_SK: &str = "live_sk_zXLkKEypNArWmo50";
const LIVE_CK: &str = "live_ck_D5GePWvyJnrK0W0k";

fn sandbox(folder: &tempfile::TempDir) -> Flags {
    Flags {
        sandbox: true,
        data: Some(folder.path().into()),
        ..Flags::default()
    }
}

fn with_toss<'a>(secret: &'a str, client: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut variables = production();
    variables.push(("TOSS_PAYMENTS_SECRET_KEY", secret));
    variables.push(("TOSS_PAYMENTS_CLIENT_KEY", client));
    variables
}

#[test]
fn the_mock_gateway_is_refused_beside_a_live_key_alone() {
    let webhook = format!("whsec_{}", "A".repeat(32));
    let mock = [
        ("DAEGEUM_GATEWAYS_MOCK", "true"),
        ("DAEGEUM_MOCK_WEBHOOK_SECRET", &*webhook),
    ];
    let mut live = with_toss(LIVE_SK, LIVE_CK);
    load(&Flags::default(), &live).unwrap();
    live.extend(mock);
    let told = problems(&Flags::default(), &live);
    assert!(told.contains("gateways.mock beside a live key"), "{told}");

    let mut test = with_toss(TEST_SK, TEST_CK);
    test.extend(mock);
    load(&Flags::default(), &test).unwrap();
}

#[test]
fn live_key_needs_an_https_address() {
    fn at<'a>(url: &'a str, secret: &'a str, client: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut said = with_toss(secret, client);
        said.push(("APP_BASE_URL", url));
        said
    }
    let (plain, secure) = ("http://pay.shop.example", "https://pay.shop.example");
    let told = problems(&Flags::default(), &at(plain, LIVE_SK, LIVE_CK));
    assert!(
        told.contains("public_url = http://pay.shop.example beside a live key"),
        "{told}"
    );
    assert!(told.contains("must be https"), "{told}");
    load(&Flags::default(), &at(secure, LIVE_SK, LIVE_CK)).unwrap();
    load(&Flags::default(), &at(plain, TEST_SK, TEST_CK)).expect("no money moves");
}

#[test]
fn the_sandbox_refuses_live_keys_and_takes_test_keys() {
    let folder = tempfile::tempdir().unwrap();
    let told = problems(&sandbox(&folder), &with_toss(LIVE_SK, LIVE_CK));
    assert!(told.contains("with a live key: --sandbox"), "{told}");
    assert!(
        told.contains("gateways.mock beside a live key"),
        "all at once: {told}"
    );
    assert!(!told.contains("zXLk"), "{told}");

    let own = load(&sandbox(&folder), &with_toss(TEST_SK, TEST_CK)).unwrap();
    assert!(!own.toss_is_simulated());
    let own = own.with_toss_at("127.0.0.1:7001".parse().unwrap());
    assert_eq!(
        own.settings.toss.base_url.as_str(),
        "https://api.tosspayments.com"
    );
}

#[test]
fn sandbox_toss_makes_no_calls_before_its_simulator_listens() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags {
        sandbox_ports: Some(7000),
        ..sandbox(&folder)
    };
    let config = load(&flags, &[]).unwrap();
    assert!(config.toss_is_simulated() && config.settings.gateways.allow_private);
    assert_eq!(config.settings.toss.base_url.as_str(), "http://127.0.0.1:9");
    assert_eq!(config.settings.server.sandbox_ports, 7000);
    let config = config.with_toss_at("127.0.0.1:7001".parse().unwrap());
    assert_eq!(
        config.settings.toss.base_url.as_str(),
        "http://127.0.0.1:7001"
    );
    assert_eq!(
        config.settings.toss.sdk_url.as_str(),
        "http://127.0.0.1:7001/v2/standard"
    );
}

#[test]
fn toss_needs_a_pair_of_keys_that_belong_together() {
    load(&Flags::default(), &with_toss(TEST_SK, TEST_CK)).unwrap();
    for (secret, client, told) in [
        (
            TEST_SK,
            LIVE_CK,
            "is a test API key and gateways.toss.client_key is a live API key",
        ),
        (TEST_SK, "test_gck_D5GePWvyJnrK", "is a test widget key"),
        (TEST_SK, "", "gateways.toss.client_key is missing"),
        ("", TEST_CK, "gateways.toss.secret_key is missing"),
        (TEST_CK, TEST_SK, "never set the secret key here"),
    ] {
        let problems = problems(&Flags::default(), &with_toss(secret, client));
        assert!(problems.contains(told), "{told} is not in {problems}");
        assert!(!problems.contains("zXLk"), "{problems}");
    }
}

#[test]
fn toss_is_called_over_https_unless_private_addresses_are_allowed() {
    let mut variables = with_toss(TEST_SK, TEST_CK);
    variables.push(("TOSS_PAYMENTS_BASE_URL", "http://127.0.0.1:7001"));
    assert!(
        problems(&Flags::default(), &variables)
            .contains("base_url = http://127.0.0.1:7001: must be https")
    );
    variables.push(("DAEGEUM_GATEWAYS_ALLOW_PRIVATE", "true"));
    load(&Flags::default(), &variables).unwrap();
}

#[test]
fn a_path_in_public_url_and_a_star_in_origins_stop_the_start() {
    for (name, value, why) in [
        (
            "DAEGEUM_PUBLIC_URL",
            "https://shop.example/pay",
            "leave out the path",
        ),
        (
            "DAEGEUM_CHECKOUT_REDIRECT_ORIGINS",
            "https://*.shop.example",
            "list each origin",
        ),
    ] {
        let mut variables = with_toss(LIVE_SK, LIVE_CK);
        variables.push((name, value));
        let refused = load(&Flags::default(), &variables).unwrap_err().to_string();
        assert!(refused.contains(name) && refused.contains(why), "{refused}");
    }
}

#[test]
fn own_name_takes_precedence_over_the_alias() {
    let mut variables = with_toss(LIVE_SK, TEST_CK);
    variables.push(("APP_BASE_URL", "https://pay.shop.example/"));
    variables.push(("DAEGEUM_GATEWAYS_TOSS_SECRET_KEY", TEST_SK));
    let config = load(&Flags::default(), &variables).unwrap();
    let public = config.settings.server.public_url.as_ref().unwrap();
    assert_eq!(public.as_str(), "https://pay.shop.example");
    let shown = config.to_toml();
    for part in [
        "public_url = \"https://pay.shop.example\" # APP_BASE_URL\n",
        "secret_key = \"(hidden)\" # DAEGEUM_GATEWAYS_TOSS_SECRET_KEY\n",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("zXLk"), "{shown}");
    shown.parse::<toml::Table>().expect("TOML");
}

#[test]
fn sandbox_needs_no_settings_and_keeps_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags {
        sandbox: true,
        data: Some(folder.path().into()),
        ..Flags::default()
    };
    let file = folder.path().join("sandbox/secrets.toml");

    let looked = load_as(Purpose::Show, &flags, &[]).unwrap();
    assert!(
        looked
            .to_toml()
            .contains("data_key = \"(hidden)\" # sandbox\n")
    );
    assert!(!file.exists(), "looking writes nothing");

    let first = load(&flags, &[]).unwrap();
    assert!(first.settings.gateways.mock);
    assert_eq!(first.settings.limits.rate_per_source, 0);
    assert_eq!(first.sandbox_secrets.as_deref(), Some(&*file));

    let other_chance = ManualWorld::new(0, 8);
    let again = Config::load(&flags, std::iter::empty(), Purpose::Serve, &other_chance).unwrap();
    assert_eq!(again.secrets.data_key, first.secrets.data_key);
    assert_eq!(again.secrets.merchants, first.secrets.merchants);

    let own = load(&flags, &[("DAEGEUM_MERCHANT_KEY", A)]).unwrap();
    assert_eq!(own.secrets.merchants[0].secret.expose(), A);
    assert_eq!(own.secrets.admins, first.secrets.admins);
}

#[cfg(unix)]
#[test]
fn the_sandbox_secrets_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags {
        sandbox: true,
        data: Some(folder.path().into()),
        ..Flags::default()
    };
    let file = load(&flags, &[]).unwrap().sandbox_secrets.unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_sandbox_stays_on_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let flags = Flags {
        sandbox: true,
        data: Some(folder.path().into()),
        listen: Some("0.0.0.0:8080".into()),
        ..Flags::default()
    };
    assert!(problems(&flags, &[]).contains("loopback"));
    assert!(
        problems(
            &Flags::default(),
            &[("DAEGEUM_METRICS_LISTEN", "0.0.0.0:9")]
        )
        .contains("metrics.listen")
    );
    assert!(problems(&Flags::default(), &[("DAEGEUM_TLS_CERT", "a.pem")]).contains("tls.key"));
}

#[test]
fn printed_configuration_is_toml_without_secrets() {
    let mut variables = production();
    let named = format!("shop:{B}x,outlet:{C}x");
    variables.push(("DAEGEUM_MERCHANT_KEYS", &named));
    let shown = load(&Flags::default(), &variables).unwrap().to_toml();
    shown.parse::<toml::Table>().expect("TOML");
    assert!(
        shown.contains("merchant_keys = \"shop:(hidden),outlet:(hidden)\""),
        "{shown}"
    );
    for secret in [A, B, C, DATA_KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn an_absent_file_is_named() {
    let flags = Flags {
        config: Some("/nowhere/daegeum.toml".into()),
        ..Flags::default()
    };
    assert!(problems(&flags, &[]).contains("/nowhere/daegeum.toml"));
}

#[test]
fn the_printed_table_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/settings.md");
    let fresh = show::settings_table().unwrap();
    let stale = std::fs::read_to_string(&path).unwrap_or_default() != fresh;
    if stale {
        #[expect(clippy::disallowed_methods, reason = "the page is made here")]
        std::fs::write(&path, &fresh).unwrap();
    }
    assert!(
        !stale,
        "docs/settings.md was stale; it is fresh now, commit it"
    );
}
