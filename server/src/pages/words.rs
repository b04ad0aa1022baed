//! Every text of every page, Korean and English side by side. A text that lacks one of the two does not compile.
//!
//! `{…}` in a text is filled in by a script, which has no words of its own.

macro_rules! words {
    ($( $(#[doc = $about:literal])* $name:ident: $korean:literal, $english:literal; )+) => {
        /// Every text, in one language.
        #[allow(missing_docs, reason = "the texts say what they are")]
        #[derive(Debug)]
        pub struct Words {
            $( $(#[doc = $about])* pub $name: &'static str, )+
        }

        /// 한국어
        pub static KOREAN: Words = Words { $( $name: $korean, )+ };

        /// English
        pub static ENGLISH: Words = Words { $( $name: $english, )+ };

        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[ $( (stringify!($name), $korean, $english), )+ ];
    };
}

words! {
    // Every page.
    skip: "본문으로 건너뛰기", "Skip to content";
    language: "언어", "Language";
    needs_script: "이 페이지는 JavaScript가 필요합니다. 브라우저 설정에서 허용한 뒤 새로고침해 주세요.",
        "This page needs JavaScript. Allow it in your browser's settings, then reload.";
    back_to_shop: "상점으로 돌아가기", "Back to the shop";

    // Where the program was built without its scripts.
    missing_title: "화면이 아직 빌드되지 않았습니다", "The pages have not been built yet";
    missing_about: "API는 정상적으로 동작합니다. 화면을 보려면 저장소에서 다음 명령을 실행한 뒤 서버를 다시 빌드해 주세요.",
        "The API works. To see pages, run this in the repository, then build the server again.";

    // The checkout.
    checkout_title: "결제", "Checkout";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names between braces.
    fn blanks(text: &str) -> BTreeSet<&str> {
        let after_each = text.split('{').skip(1);
        after_each
            .map(|rest| rest.split_once('}').unwrap().0)
            .collect()
    }

    #[test]
    fn each_text_is_there_in_both_languages_with_the_same_blanks() {
        for (name, korean, english) in ALL {
            assert!(!korean.trim().is_empty(), "{name}");
            assert!(!english.trim().is_empty(), "{name}");
            assert_eq!(blanks(korean), blanks(english), "{name}");
        }
    }

    #[test]
    fn each_text_is_in_its_own_language() {
        let is_korean = |text: &str| text.chars().any(|one| ('가'..='힣').contains(&one));
        for (name, korean, english) in ALL {
            assert!(is_korean(korean), "{name}: {korean}");
            assert!(!is_korean(english), "{name}: {english}");
        }
    }
}
