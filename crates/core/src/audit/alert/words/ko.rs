//! Korean.

use super::{Found, Labels, ToDo, Words};
use crate::{
    audit::{Headline, Kind, NotTried, Taken},
    bedrock::answer::Unusable,
    image::Unreadable,
    pii::{Category, Reason},
    threat::ThreatLevel,
};

pub(super) const WORDS: Words = Words {
    headline,
    found: Found { personal_data: "개인정보가 발견되", secret: "비밀 정보(교체 필요)가 발견되" },
    worth_looking_at: "확인이 필요한 이벤트입니다",
    done,
    undo,
    to_do,
    category,
    reason,
    not_tried,
    level,
    without_model: |error| format!("모델 없이 작성했습니다. Summarize event 단계가 {error} 오류로 실패했습니다"),
    more: |number| format!("외 {number}건"),
    labels: Labels {
        what: "내용",
        place: "위치",
        version: "버전",
        who: "수행자",
        done: "조치",
        not_done: "조치하지 못한 이유",
        masked: "가린 사본",
        undo: "되돌리려면",
        to_do: "해야 할 일",
        silenced: "메일을 보내지 않음(예외)",
        look_at: "확인할 곳",
        execution: "실행",
        object: "객체",
        details: "상세 정보",
        level: "위협 수준",
        event: "이벤트",
        summary: "요약",
        rules: "일치한 규칙",
        event_id: "이벤트 ID",
        verdict: "판정",
        reason: "사유",
        finding: "탐지 항목",
        confidence: "신뢰도",
        size: "크기",
        bytes: "바이트",
        model: "모델",
        failed_in: "실패한 단계",
        error: "오류",
        cause: "원인",
    },
};

const fn headline(headline: Headline, kind: Kind) -> &'static str {
    match (headline, kind) {
        (Headline::VersionDeleted, _) => "{found}어 해당 버전을 삭제했습니다",
        (Headline::ObjectDeleted, _) => "{found}어 객체를 삭제했습니다",
        (Headline::MovedToQuarantine, _) => "{found}어 격리 버킷으로 옮겼습니다",
        (Headline::Masked, _) => "{found}어 가린 사본을 만들고 원본을 격리 버킷으로 옮겼습니다",
        (Headline::Tagged, _) => "{found}어 태그를 달고 그대로 두었습니다",
        (Headline::ObjectChanged, _) => "{found}었지만, 읽은 뒤에 객체가 변경되어 아무것도 삭제하지 않았습니다",
        (Headline::NotDeleted, _) => "{found}었지만 삭제하지 못했습니다",
        (Headline::PersonalDataKept, _) => "{found}었으며, 설정에 따라 그대로 두었습니다",
        (Headline::NotPinned, _) => "{found}었지만, 판정한 데이터를 특정할 수 없어 그대로 두었습니다",
        (Headline::Clean, _) => "개인정보가 발견되지 않아 그대로 두었습니다",
        (Headline::UndeterminedMoved, Kind::Image) => "이미지를 판정할 수 없어 격리 버킷으로 옮겼습니다",
        (Headline::UndeterminedMoved, Kind::Document) => "문서를 판정할 수 없어 격리 버킷으로 옮겼습니다",
        (Headline::UndeterminedKept, Kind::Image) => "이미지를 판정할 수 없어 그대로 두었습니다",
        (Headline::UndeterminedKept, Kind::Document) => "문서를 판정할 수 없어 그대로 두었습니다",
        (Headline::NotOpened, Kind::Image) => "이미지가 아니므로 그대로 두었습니다",
        (Headline::NotOpened, Kind::Document) => "문서를 열지 않고 그대로 두었습니다",
        (Headline::Gone, _) => "판정하기 전에 객체가 사라졌습니다",
        (Headline::CopiedNotDeleted, _) => "격리 버킷에 복사했지만 원본을 삭제하지 못해 그대로 남아 있습니다",
        (Headline::NotCopied, _) => "복사에 실패하여 격리하지 못했습니다",
        (Headline::NotTagged, _) => "판정은 끝났지만 판정 태그를 달지 못했습니다",
        (Headline::NotChecked, Kind::Image) => "이미지에 개인정보가 있는지 확인하지 못해 그대로 두었습니다",
        (Headline::NotChecked, Kind::Document) => "문서에 개인정보가 있는지 확인하지 못해 그대로 두었습니다",
        (Headline::AuditFailed, _) => "보안 감사에 실패하여 이벤트를 판정하지 못했습니다",
    }
}

const fn done(taken: Taken) -> &'static str {
    match taken {
        Taken::None => "없음. 이벤트를 알리기만 합니다",
        Taken::Kept => "없음. 객체는 그대로 있습니다",
        Taken::Deleted => "영구 삭제했습니다",
        Taken::DeleteFailed => "삭제하려 했지만 실패했습니다. 객체가 아직 남아 있습니다",
        Taken::Quarantined => "접근이 제한된 격리 버킷으로 옮겼습니다",
        Taken::QuarantineFailed => "격리하려 했지만 실패했습니다. 객체가 아직 남아 있습니다",
        Taken::Tagged => "판정 태그를 달고 그대로 두었습니다",
        Taken::TagFailed => "판정 태그를 달지 못했습니다. 객체는 태그 없이 그대로 있습니다",
    }
}

const fn undo(taken: Taken) -> Option<&'static str> {
    match taken {
        Taken::Deleted => {
            Some("되돌릴 수 없습니다. OnPersonalData=quarantine으로 설정하면 다음부터는 복원할 수 있습니다")
        }
        Taken::Quarantined => Some(
            "`warden quarantine list`로 찾아 `warden restore`로 복원하십시오. 버전을 보관하지 않는 버킷에는 직접 되돌리십시오",
        ),
        Taken::Tagged => Some("사라진 것은 없습니다. 판정이 틀렸다면 warden:verdict 태그를 제거하십시오"),
        _ => None,
    }
}

const fn to_do(what: ToDo) -> &'static str {
    match what {
        ToDo::RotateSecrets => {
            "노출된 비밀 정보(비밀번호, 키, 토큰)를 모두 교체하십시오. 이미 누군가 보았을 수 있습니다"
        }
        ToDo::RemoveByHand => {
            "개인정보가 아직 남아 있습니다. 직접 제거하거나, 아래 원인을 해결한 뒤 이벤트를 다시 실행하십시오"
        }
        ToDo::LookYourself => "직접 확인하십시오",
        ToDo::RaiseTheBudget => {
            "보류된 항목은 다음 스윕이나 `warden backfill`에서 판정됩니다(이전 버전은 \
             `warden backfill --older-versions`). 예산이 부족하면 DailyBudget을 올리십시오"
        }
        ToDo::MendAndReplay => "아래 원인을 해결한 뒤 이벤트를 다시 실행하십시오",
        ToDo::MendTheLedger => {
            "원장에 기록하지 못했습니다. 이 이벤트는 기록이 없으며, 다시 전달되면 알림도 다시 발송됩니다"
        }
    }
}

const fn not_tried(why: NotTried) -> &'static str {
    match why {
        NotTried::TooLargeToCopy => "5 GiB를 초과하여 S3에서 한 번에 복사할 수 없습니다. 직접 옮기십시오",
        NotTried::TooManyTags => "이미 태그가 10개 있어 S3에서 더 추가할 수 없습니다",
        NotTried::TagsUnreadable => "이미 있는 태그를 읽을 수 없었습니다. 함수의 로그를 확인하십시오",
        NotTried::NoBox => "가린 사본 없음: 발견된 항목 중 정확한 위치를 알 수 없는 것이 있습니다",
        NotTried::TooMuchToMask => "가린 사본 없음: 발견된 항목이 너무 많아 모두 가릴 수 없습니다",
        NotTried::KindNotMasked => "가린 사본 없음: 이 종류의 파일은 가리지 않습니다",
        NotTried::CopyNotClean => "가린 사본 없음: 발견된 항목을 모두 가렸지만 깨끗하다고 판정되지 않았습니다",
        NotTried::CopyFailed => "가린 사본 없음: 시간 안에 만들거나 판정하거나 저장하지 못했습니다",
    }
}

const fn level(level: ThreatLevel) -> &'static str {
    match level {
        ThreatLevel::Low => "낮음",
        ThreatLevel::Medium => "보통",
        ThreatLevel::High => "높음",
    }
}

const fn category(category: Category) -> &'static str {
    match category {
        Category::Person => "이름",
        Category::Face => "식별 가능한 얼굴",
        Category::Location => "주소 또는 위치",
        Category::PhoneNumber => "전화번호",
        Category::EmailAddress => "이메일 주소",
        Category::DateTime => "생년월일 등 개인에 관한 날짜",
        Category::CreditCard => "카드 번호",
        Category::IbanCode => "국제 계좌 번호(IBAN)",
        Category::UsBankNumber => "미국 은행 계좌 번호",
        Category::IpAddress => "IP 주소",
        Category::UsSsn => "미국 사회보장번호",
        Category::UsPassport => "미국 여권 번호",
        Category::UsDriverLicense => "미국 운전면허증",
        Category::KrRrn => "주민등록번호",
        Category::Nrp => "국적, 종교 또는 정치 성향",
        Category::MedicalLicense => "의료인 면허",
        Category::Passport => "여권 또는 여권 번호",
        Category::NationalId => "신분증 또는 신분증 번호",
        Category::LicensePlate => "차량 번호판",
        Category::Health => "진료 기록 또는 검사 결과",
        Category::Signature => "서명",
        Category::Secret => "비밀번호, 액세스 키, 토큰 등의 비밀 정보",
        Category::Other => "그 밖의 개인정보",
        Category::LocationMetadata => "메타데이터에 담긴 촬영 위치",
        Category::PersonMetadata => "메타데이터에 담긴 인물 이름",
        Category::AuthorshipMetadata => "메타데이터에 담긴 작성자 또는 소유자 이름",
    }
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unreadable(why) => match why {
            Unreadable::Empty => "객체가 비어 있습니다",
            Unreadable::NotAnImage => "이미지가 아닙니다",
            Unreadable::UnsupportedFormat => "지원하지 않는 형식입니다",
            Unreadable::Avif => "AV1(AVIF)로 인코딩된 이미지라 읽을 수 없습니다",
            Unreadable::Damaged => "이미지가 손상되어 디코딩할 수 없습니다",
            Unreadable::EncryptedDocument => "문서가 암호화되어 있습니다",
            Unreadable::DamagedDocument => "문서가 손상되었거나 일부 페이지를 표시할 수 없습니다",
            Unreadable::TooManyPages => "문서가 12쪽을 넘습니다. 처음 12쪽에는 개인정보가 없습니다",
            Unreadable::EmbeddedFile => "이미지도 PDF도 아닌 파일이 문서에 첨부되어 있거나, 첨부 파일이 너무 많습니다",
            Unreadable::TooLarge => "이미지가 너무 큽니다",
            Unreadable::Archived => "객체가 아카이브되어 있어 먼저 복원해야 합니다",
            Unreadable::CustomerKey => "업로드한 사람만 가진 키로 암호화되어 있습니다(SSE-C)",
        },
        Reason::ImageRejected => "모델이 이 이미지를 읽지 못합니다",
        Reason::Unusable(why) => match why {
            Unusable::Refused => "모델이 응답을 거부했습니다",
            Unusable::GuardrailIntervened => "가드레일이 응답을 대체했습니다",
            Unusable::Cut => "모델의 응답이 max_tokens에서 잘렸습니다",
            Unusable::Empty => "모델의 응답이 비어 있습니다",
            Unusable::Malformed => "모델의 응답이 요청한 형식과 다릅니다",
        },
        Reason::VersionNotPinned => "개인정보가 발견되었지만 판정한 데이터를 특정할 수 없습니다",
        Reason::Disagreement => "모델은 개인정보가 없다고 판정했지만 개인정보로 보이는 글자나 얼굴이 발견되었습니다",
        Reason::Budget => "오늘의 모델 예산이 소진되어 모델에 묻지 않았습니다",
    }
}
