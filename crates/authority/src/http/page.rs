//! Page: what a person finds at an authority's addresses: the index, and the description of its API.
//!
//! Lives here: their words. Not here: their look and form (`transport`).

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use documents::AuthorityCode;
use serde_json::Value;
use transport::description::{Completed, Door, Listener, complete, page};
pub(super) use transport::escaped;
use transport::index::{DOCS, HEALTH, Index, Link, OPENAPI};

use super::AppState;
use super::problem::ProblemCode;

/// Examples by field, by `Schema.field`, by schema and by media type.
const EXAMPLES: &str = include_str!("../../data/examples.json");

const OPERATORS: Listener = Listener::Other { name: "operators", example: "http://127.0.0.1:7141" };

/// Which tag's operations stand behind which listener.
const DOORS: [Door; 7] = [
    Door { tag: "wallet", listener: Listener::Here },
    Door { tag: "public", listener: Listener::Here },
    Door { tag: "openid", listener: Listener::Here },
    Door { tag: "officers", listener: Listener::Here },
    Door { tag: "gates", listener: Listener::Parties },
    Door { tag: "authorities", listener: Listener::Parties },
    Door { tag: "operations", listener: OPERATORS },
];

/// The description with listeners, what opens each operation, and examples.
pub(super) fn completed(api: &Value) -> Completed {
    complete(api, &DOORS, &serde_json::from_str(EXAMPLES).unwrap_or_default())
}

/// The description as a page.
pub(super) fn render(api: &Value, me: AuthorityCode) -> String {
    let problems: Vec<_> = ProblemCode::ALL
        .iter()
        .map(|code| (code.code(), code.status().as_u16(), code.title(), code.next()))
        .collect();
    page(api, me.code(), &problems)
}

/// The place whose authority it is, in the four languages.
const fn place(me: AuthorityCode) -> [&'static str; 4] {
    match me {
        AuthorityCode::Chn => ["内地", "內地", "the mainland", "o Interior da China"],
        AuthorityCode::Hkg => ["香港", "香港", "Hong Kong", "Hong Kong"],
        AuthorityCode::Mac => ["澳门", "澳門", "Macao", "Macau"],
    }
}

fn index(me: AuthorityCode, about: [&str; 4], links: Vec<Link>) -> Index {
    let code = me.code();
    let [hans, hant, en, pt] = place(me);
    Index {
        title: [
            format!("{code} · 湾区通：{hans}机关的服务"),
            format!("{code} · 灣區通：{hant}機關的服務"),
            format!("{code} · Bay Pass: the authority of {en}"),
            format!("{code} · Bay Pass: a autoridade de {pt}"),
        ],
        about: about.map(str::to_owned),
        links,
    }
}

/// What stands at the address for everybody.
pub(super) async fn at_public(State(app): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let about = [
        "卡包在这里登记并取得通行码，工作人员在这里查阅自己的记录。旅客请打开卡包。",
        "卡包在這裡登記並取得通行碼，職員在這裡查閱自己的記錄。旅客請打開卡包。",
        "Wallets enrol here and fetch their codes; officers look up their own records. Travellers open the wallet instead.",
        "As carteiras inscrevem-se aqui e obtêm os seus códigos; os agentes consultam os seus registos. Os viajantes abrem a carteira.",
    ];
    let lists = Link {
        to: "/v1/trust-lists",
        words: [
            "已签署的信任名单",
            "已簽署的信任名單",
            "The signed trust lists",
            "As listas de confiança assinadas",
        ],
    };
    index(app.state.service.code(), about, vec![DOCS, OPENAPI, HEALTH, lists]).answer(&headers)
}

/// What stands at the operators' address.
pub(super) async fn at_operators(State(app): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let about = [
        "运行人员在这里查看计数和服务状态。",
        "營運人員在這裡查看計數和服務狀態。",
        "For the operators of this service: what it counts, and how it is.",
        "Para os operadores deste serviço: o que ele conta e como está.",
    ];
    let metrics = Link {
        to: "/metrics",
        words: [
            "计数（Prometheus）",
            "計數（Prometheus）",
            "Counters (Prometheus)",
            "Contadores (Prometheus)",
        ],
    };
    let details = Link {
        to: "/health/details",
        words: ["详细状态", "詳細狀態", "How it is, in detail", "Como está, em pormenor"],
    };
    index(app.state.service.code(), about, vec![details, metrics, HEALTH, DOCS, OPENAPI]).answer(&headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_description_has_an_example() {
        serde_json::from_str::<Value>(EXAMPLES).unwrap();
        assert_eq!(super::super::described().without_example, Vec::<String>::new());
    }
}
