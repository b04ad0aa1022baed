//! The alert rules and the dashboard in `deploy/`, checked against the server's real metrics: each rule fires on the
//! metrics of its story, and is silent on those of a quiet day. `promtool` decides.
//!
//! `cargo xtask test --only alerts` fetches promtool; else DAEGEUM_PROMTOOL or the PATH says where it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use daegeum_sandbox::toss::{CallFilter, Fault};
use daegeum_tests::gateway::{Delivery, NotificationContent};
use daegeum_tests::program::Program;
use daegeum_tests::toss::Gateway;
use daegeum_tests::{Caller, Captured, Fail, NoAnswer, Shop, Success, secrets};
use serde_json::{Value, json};

fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(name)
}

fn promtool() -> Command {
    let named = std::env::var_os("DAEGEUM_PROMTOOL");
    Command::new(named.unwrap_or_else(|| "promtool".into()))
}

/// Runs promtool on a file; it has to find nothing wrong.
fn judged(arguments: &[&str], file: &Path) {
    let ran = promtool().args(arguments).arg(file).output();
    let ran = ran.unwrap_or_else(|error| {
        panic!(
            "promtool cannot be run ({error}): `cargo xtask test --only alerts` fetches it, or install Debian's \
             package prometheus, or say where it is in DAEGEUM_PROMTOOL"
        )
    });
    let said = [ran.stdout, ran.stderr].concat();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The result of one scrape: each series with its value.
#[derive(Clone, Debug)]
struct Scraped {
    series: BTreeMap<String, f64>,
    names: BTreeSet<String>,
}

impl Scraped {
    fn read(text: &str) -> Self {
        let mut names = BTreeSet::new();
        for kind in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            let suffixes: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                "info" => &["_info"],
                _ => &[""],
            };
            names.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
        }
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series.to_owned(), value.parse().expect("a number"))
        });
        Self {
            series: series.collect(),
            names,
        }
    }

    async fn of(shop: &Shop) -> Self {
        Self::read(&shop.admin().get("/metrics").await.expect(200).body())
    }

    /// The same, where a series that is there has another value: for what no story can bring about.
    fn but(mut self, series: &str, value: f64) -> Self {
        let place = self.series.get_mut(series);
        *place.unwrap_or_else(|| panic!("{series} is not scraped")) = value;
        self
    }

    /// The same, with a larger value for all series with this prefix that `is_meant` selects.
    fn larger(mut self, name: &str, by: f64, is_meant: impl Fn(&str) -> bool) -> Self {
        let series = self.series.iter_mut();
        let mut meant = series.filter(|(series, _)| series.starts_with(name) && is_meant(series));
        let first = meant
            .next()
            .unwrap_or_else(|| panic!("{name} is not scraped"));
        *first.1 += by;
        meant.for_each(|(_, value)| *value += by);
        self
    }
}

/// A story of a server that is scraped each minute, with the alerts that have to fire, and no others.
struct Story {
    name: &'static str,
    /// The first for an hour, each of the others for two minutes, the last for three hours.
    scrapes: Vec<Scraped>,
    is_up: bool,
    alerts: &'static [&'static str],
}

const QUIET_MINUTES: usize = 60;
const BETWEEN_MINUTES: usize = 2;
const AFTERWARDS_MINUTES: usize = 180;

impl Story {
    fn told(name: &'static str, scrapes: Vec<Scraped>, alerts: &'static [&'static str]) -> Self {
        Self {
            name,
            scrapes,
            is_up: true,
            alerts,
        }
    }

    /// For how many minutes each scrape is what is scraped.
    fn minutes(&self, place: usize) -> usize {
        match place {
            0 => QUIET_MINUTES,
            _ if place + 1 == self.scrapes.len() => AFTERWARDS_MINUTES,
            _ => BETWEEN_MINUTES,
        }
    }

    /// As promtool's unit tests want it.
    fn test(&self) -> Value {
        let all: BTreeSet<&String> = self
            .scrapes
            .iter()
            .flat_map(|scraped| scraped.series.keys())
            .collect();
        let values = |series: &String| -> String {
            let scrapes = self.scrapes.iter().enumerate();
            let values = scrapes.map(|(place, scraped)| {
                let more = self.minutes(place) - 1;
                match scraped.series.get(series) {
                    Some(value) => format!("{value}x{more}"),
                    None => format!("_x{}", more + 1),
                }
            });
            values.collect::<Vec<_>>().join(" ")
        };
        let mut input: Vec<Value> = all
            .into_iter()
            .map(|series| json!({ "series": labelled(series), "values": values(series) }))
            .collect();
        let up = if self.is_up { "1x500" } else { "1x60 0x500" };
        input.push(json!({ "series": labelled("up"), "values": up }));
        let fired: Vec<Value> = self
            .alerts
            .iter()
            .map(|alert| json!({ "labels": format!("{{alertname=\"{alert}\"}}"), "value": 1 }))
            .collect();
        json!({
            "name": self.name,
            "interval": "1m",
            "input_series": input,
            "promql_expr_test": [{
                "expr": "count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}[5h])) > bool 0",
                "eval_time": "4h",
                "exp_samples": fired,
            }],
        })
    }
}

/// With the labels that Prometheus puts on what it scrapes.
fn labelled(series: &str) -> String {
    let job = "job=\"daegeum\",instance=\"127.0.0.1:9464\"";
    match series.split_once('{') {
        Some((name, labels)) => format!("{name}{{{job},{labels}"),
        None => format!("{series}{{{job}}}"),
    }
}

/// The figures of the program, of a first start and of so many more over the same data.
async fn of_program(starts: usize) -> Vec<Scraped> {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let mut scrapes = Vec::new();
    for _ in 0..starts {
        let mut server = Program::start(&data, &secrets::environment(), &["--sandbox"], &log);
        server.ready().await;
        let admin = Caller::new(&server.base()).with(secrets::KIM);
        let figures = admin.get("/metrics").await.expect(200).body();
        scrapes.push(Scraped::read(&figures));
        assert!(server.stop().success());
    }
    scrapes
}

/// What only the machine or the disk can do: the figures of a program, with one of them as it would be.
async fn stories_of_the_machine() -> Vec<Story> {
    let starts = of_program(4).await;
    let calm = starts[0].clone();
    let as_if = |name, alerts, after: Scraped| Story::told(name, vec![calm.clone(), after], alerts);
    let with = |series: &str, value: f64| calm.clone().but(series, value);
    let slow = |series: &str| {
        let (_, le) = series.split_once("le=\"").expect("a bucket");
        let (le, _) = le.split_once('"').expect("its end");
        le == "+Inf" || le.parse::<f64>().expect("seconds") > 20.0
    };
    let called = {
        let (shop, toss) = Shop::open_with_toss().await;
        shop.order("o-1")
            .register()
            .await
            .checkout(&toss)
            .await
            .pay()
            .await
            .expect(200);
        Scraped::of(&shop).await
    };
    vec![
        Story::told("a quiet day", vec![calm.clone(), calm.clone()], &[]),
        Story {
            is_up: false,
            ..Story::told(
                "it is down",
                vec![calm.clone(), calm.clone()],
                &["DaegeumDown"],
            )
        },
        Story::told(
            "it is started again and again",
            starts,
            &["DaegeumRestarts"],
        ),
        as_if(
            "it is not ready",
            &["DaegeumTakesNoPayments"],
            with("store_ready", 0.0),
        ),
        as_if(
            "an error of ours",
            &["DaegeumServerErrors"],
            with("http_answers_total{status=\"500\"}", 1.0),
        ),
        as_if(
            "too many connections",
            &["DaegeumTurnsAway"],
            with("http_connections_turned_away_total", 3.0),
        ),
        as_if(
            "deadlines are not decided",
            &["DaegeumDeadlinesLate"],
            with("jobs{state=\"due\"}", 7.0),
        ),
        as_if(
            "the disk fills",
            &["DaegeumDiskNearlyFull"],
            with("store_disk_free_bytes", 1e9),
        ),
        as_if(
            "an index breaks",
            &["DaegeumIndexRebuilt"],
            with("index_rebuilds_total{reason=\"altered\"}", 1.0),
        ),
        as_if(
            "the writer is late",
            &["DaegeumQueueFull"],
            with("store_queue_depth", 4000.0),
        ),
        as_if(
            "an old day is doubted",
            &["DaegeumRetentionDoubted"],
            with("retention_days_doubted{class=\"buyer\"}", 2.0),
        ),
        as_if(
            "the log is not read",
            &["DaegeumLogLinesDropped"],
            with("log_lines_dropped_total", 9.0),
        ),
        Story::told(
            "the gateway is slow",
            {
                let slower =
                    |scraped: Scraped| scraped.larger("gateway_call_seconds_bucket", 20.0, slow);
                let slow =
                    std::iter::successors(Some(called), |before| Some(slower(before.clone())));
                slow.take(9).collect()
            },
            &["DaegeumGatewaySlow"],
        ),
    ]
}

/// Stories of the mock gateway.
async fn stories_of_payments() -> Vec<Story> {
    let mut stories = Vec::new();

    let shop = Shop::open().await;
    let calm = Scraped::of(&shop).await;
    for number in 0..6 {
        let order = shop.order(&format!("o-{number}")).register().await;
        order.pay().await.complete(Fail).await.expect(200);
    }
    let declined = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "cards are declined",
        declined,
        &["DaegeumPaymentsDeclined"],
    ));

    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    let (first, second) = (order.pay().await, order.pay_with("k-2").await);
    first.complete(Success).await.expect(200);
    second.notify(Captured).await;
    let twice = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "an order is paid twice",
        twice,
        &["DaegeumDesk"],
    ));

    let shop = Shop::open().await;
    let order = shop.order("o-1").register().await;
    order.pay().await.complete(NoAnswer).await.expect(202);
    shop.advance(Duration::from_mins(11));
    let unknown = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "a gateway says nothing",
        unknown,
        &["DaegeumUnknownOutcome"],
    ));

    let shop = Shop::open().await;
    for number in 0..6 {
        let body = NotificationContent::Captured.about("pay_01a21fe4e3f07f928f15a3de5f03b85c", 1);
        let id = format!("evt-{number}");
        let forged = Delivery::signed(
            &id,
            secrets::now_s(),
            body.to_string(),
            b"somebody else's secret, 32 bytes",
        );
        shop.deliver(&forged).await.expect(401);
    }
    let forged = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "notifications are forged",
        forged,
        &["DaegeumNotificationsFail"],
    ));

    let shop = Shop::open().await;
    shop.merchant().get("/api/v1/events").await.expect(200);
    let read = Scraped::of(&shop).await;
    shop.order("o-1").register().await.pay().await;
    shop.advance(Duration::from_mins(20));
    let unread = vec![read, Scraped::of(&shop).await];
    stories.push(Story::told(
        "the shop stops reading",
        unread,
        &["DaegeumFeedUnread"],
    ));

    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    let shop = shop.reopen().await;
    shop.advance(Duration::from_mins(20));
    let never_read = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "the shop does not come back after a restart",
        never_read,
        &["DaegeumFeedUnread"],
    ));

    let shop = Shop::open().await;
    shop.order("o-1").register().await;
    shop.set_wall(-60_000);
    let behind = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "the clock is set back",
        behind,
        &["DaegeumClock"],
    ));
    stories
}

/// Stories of a gateway that is called.
async fn stories_of_toss() -> Vec<Story> {
    let mut stories = Vec::new();

    let (shop, toss) = Shop::open_with_toss().await;
    let calm = Scraped::of(&shop).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    let mut tampered = approved.clone();
    tampered.amount = 1;
    for _ in 0..7 {
        checkout.confirm(&tampered).await.expect(422);
    }
    let mismatched = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "a page is tampered with",
        mismatched,
        &["DaegeumReturnsMismatched"],
    ));

    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    let code = "NOT_CANCELABLE_AMOUNT".to_owned();
    let refuses = Fault::ErrorBefore {
        status: 403,
        code,
        kept: true,
    };
    toss.fails_always(&checkout.payment, CallFilter::Cancel, refuses);
    checkout.payment.cancel().await.expect(200);
    let refused = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "a refund is refused",
        refused,
        &["DaegeumDesk", "DaegeumRefundsRefused"],
    ));

    toss.recovers();
    checkout.payment.cancel().await.expect(200);
    let refunded = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "all money goes back",
        refunded,
        &["DaegeumRefundRate", "DaegeumRefundsRefused"],
    ));

    let (shop, toss) = Shop::open_with_toss().await;
    toss.notifies(None);
    shop.order("o-1")
        .register()
        .await
        .checkout(&toss)
        .await
        .pay()
        .await
        .expect(200);
    shop.advance(Duration::from_hours(2));
    shop.feed().await;
    let silent = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "no notification ever comes",
        silent,
        &["DaegeumGatewaySilent"],
    ));

    let (shop, toss) = Shop::open_with_toss().await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    let approved = checkout.approve().await;
    toss.fails_always(
        &checkout.payment,
        CallFilter::Any,
        Fault::RequestLost { silent_ms: 0 },
    );
    shop.let_requests_wait_for(Duration::from_millis(50));
    let asked = checkout.confirm_without_answer(&approved).await;
    asked.await.expect("no panic").expect(202);
    let shop = shop.reopen_with(&Gateway::keys_of_another_shop()).await;
    let others = vec![calm.clone(), Scraped::of(&shop).await];
    stories.push(Story::told(
        "the keys were changed too early",
        others,
        &["DaegeumCallsOfOtherKeys"],
    ));
    stories
}

#[tokio::test]
async fn alert_fires_on_the_metrics_of_its_story_only() {
    let mut stories = stories_of_the_machine().await;
    stories.extend(stories_of_payments().await);
    stories.extend(stories_of_toss().await);
    let rules = deployed("prometheus/alerts.yml");
    let text = std::fs::read_to_string(&rules).expect("the rules are there");
    let named = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "));
    let named: BTreeSet<&str> = named.collect();
    let told: BTreeSet<&str> = stories
        .iter()
        .flat_map(|story| story.alerts)
        .copied()
        .collect();
    assert_eq!(named, told, "each rule has a story");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("stories.json"); // JSON is YAML
    let tests: Vec<Value> = stories.iter().map(Story::test).collect();
    let all = json!({
        "rule_files": [std::fs::canonicalize(&rules).expect("a path")],
        "evaluation_interval": "1m",
        "tests": tests,
    });
    std::fs::write(&file, all.to_string()).expect("written");
    judged(&["check", "rules"], &rules);
    judged(&["test", "rules"], &file);
}

/// The names of figures in a query: what is left of it without labels, groupings, functions and durations.
fn figures_in(query: &str) -> BTreeSet<String> {
    let (mut text, mut depth) = (String::new(), 0);
    for letter in query.chars() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ if depth == 0 => text.push(letter),
            _ => {}
        }
    }
    let words = text
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'));
    // Every figure has an underscore in its name or is one of these; no function that is used here has.
    let functions = ["histogram_quantile", "count_over_time", "sum_over_time"];
    let is_figure = |word: &&str| {
        (word.contains('_') && !functions.contains(word)) || ["up", "jobs"].contains(word)
    };
    words.filter(is_figure).map(str::to_owned).collect()
}

#[tokio::test]
async fn dashboard_queries_name_existing_metrics() {
    let (shop, toss) = Shop::open_with_toss_and(&[("DAEGEUM_GATEWAYS_MOCK", "true")]).await;
    let checkout = shop.order("o-1").register().await.checkout(&toss).await;
    checkout.pay().await.expect(200);
    shop.merchant().get("/api/v1/events").await.expect(200);
    shop.merchant().get("/nowhere").await.expect(404);
    let mut names = Scraped::of(&shop).await.names;
    names.extend(of_program(1).await.remove(0).names);
    names.insert("up".to_owned());

    let text = std::fs::read_to_string(deployed("grafana/daegeum.json")).expect("a dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let queries: Vec<&str> = targets
        .map(|target| target["expr"].as_str().expect("a query"))
        .collect();
    assert!(queries.len() > 20, "{queries:?}");
    for query in &queries {
        let unknown: Vec<String> = figures_in(query).difference(&names).cloned().collect();
        assert!(
            unknown.is_empty(),
            "{unknown:?} of {query} are not figures of the server"
        );
        assert!(!figures_in(query).is_empty(), "{query}");
    }
    // promtool reads them as it would the expressions of rules.
    let rules: Vec<Value> = queries
        .iter()
        .enumerate()
        .map(|(number, query)| json!({ "record": format!("panel:{number}"), "expr": query.replace("$__rate_interval", "5m") }))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dashboard.json");
    let groups = json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    std::fs::write(&file, groups.to_string()).expect("written");
    judged(&["check", "rules"], &file);
}
