//! Japanese.

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
    found: Found {
        personal_data: "個人情報が見つか", secret: "シークレット（要ローテーション）が見つか"
    },
    worth_looking_at: "確認が必要なイベントです",
    done,
    undo,
    to_do,
    category,
    reason,
    not_tried,
    level,
    without_model: |error| format!("モデルを使わずに作成しました。Summarize event が {error} で失敗したためです"),
    more: |number| format!("ほか {number} 件"),
    labels: Labels {
        what: "内容",
        place: "場所",
        version: "バージョン",
        who: "実行者",
        done: "対応",
        not_done: "対応できなかった理由",
        masked: "隠したコピー",
        undo: "元に戻すには",
        to_do: "必要な作業",
        silenced: "メール送信なし(例外)",
        look_at: "確認先",
        execution: "実行",
        object: "オブジェクト",
        details: "詳細",
        level: "脅威レベル",
        event: "イベント",
        summary: "概要",
        rules: "一致したルール",
        event_id: "イベント ID",
        verdict: "判定",
        reason: "理由",
        finding: "検出項目",
        confidence: "信頼度",
        size: "サイズ",
        bytes: "バイト",
        model: "モデル",
        failed_in: "失敗したステップ",
        error: "エラー",
        cause: "原因",
    },
};

const fn headline(headline: Headline, kind: Kind) -> &'static str {
    match (headline, kind) {
        (Headline::VersionDeleted, _) => "{found}ったため、該当バージョンを削除しました",
        (Headline::ObjectDeleted, _) => "{found}ったため、オブジェクトを削除しました",
        (Headline::MovedToQuarantine, _) => "{found}ったため、隔離バケットに移動しました",
        (Headline::Masked, _) => "{found}ったため、隠したコピーを作成し、元のファイルを隔離バケットに移動しました",
        (Headline::Tagged, _) => "{found}ったため、タグを付けてそのまま残しました",
        (Headline::ObjectChanged, _) => {
            "{found}りましたが、読み取り後にオブジェクトが変更されたため、何も削除していません"
        }
        (Headline::NotDeleted, _) => "{found}りましたが、削除できませんでした",
        (Headline::PersonalDataKept, _) => "{found}りましたが、設定に従ってそのまま残しました",
        (Headline::NotPinned, _) => "{found}りましたが、判定したデータを特定できないため、そのまま残しました",
        (Headline::Clean, _) => "個人情報は見つからなかったため、そのまま残しました",
        (Headline::UndeterminedMoved, Kind::Image) => "画像を判定できなかったため、隔離バケットに移動しました",
        (Headline::UndeterminedMoved, Kind::Document) => "文書を判定できなかったため、隔離バケットに移動しました",
        (Headline::UndeterminedKept, Kind::Image) => "画像を判定できなかったため、そのまま残しました",
        (Headline::UndeterminedKept, Kind::Document) => "文書を判定できなかったため、そのまま残しました",
        (Headline::NotOpened, Kind::Image) => "画像ではないため、そのまま残しました",
        (Headline::NotOpened, Kind::Document) => "文書は開かずに、そのまま残しました",
        (Headline::Gone, _) => "判定する前にオブジェクトがなくなっていました",
        (Headline::CopiedNotDeleted, _) => "隔離バケットにコピーしましたが、元のオブジェクトを削除できず、残っています",
        (Headline::NotCopied, _) => "コピーに失敗したため、隔離できませんでした",
        (Headline::NotTagged, _) => "判定しましたが、判定結果のタグを付けられませんでした",
        (Headline::NotChecked, Kind::Image) => "画像に個人情報があるか確認できなかったため、そのまま残しました",
        (Headline::NotChecked, Kind::Document) => "文書に個人情報があるか確認できなかったため、そのまま残しました",
        (Headline::AuditFailed, _) => "セキュリティ監査に失敗し、イベントを判定できませんでした",
    }
}

const fn done(taken: Taken) -> &'static str {
    match taken {
        Taken::None => "なし。イベントをお知らせするだけです",
        Taken::Kept => "なし。オブジェクトはそのまま残っています",
        Taken::Deleted => "完全に削除しました",
        Taken::DeleteFailed => "削除を試みましたが失敗しました。まだ残っています",
        Taken::Quarantined => "アクセスが制限された隔離バケットに移動しました",
        Taken::QuarantineFailed => "隔離を試みましたが失敗しました。まだ残っています",
        Taken::Tagged => "判定結果のタグを付けて、そのまま残しました",
        Taken::TagFailed => "判定結果のタグを付けられませんでした。タグのないまま残っています",
    }
}

const fn undo(taken: Taken) -> Option<&'static str> {
    match taken {
        Taken::Deleted => Some("元に戻せません。OnPersonalData=quarantine に設定すると、次回からは復元できます"),
        Taken::Quarantined => Some(
            "`warden quarantine list` で探し、`warden restore` で復元してください。バージョンを保持しないバケットには手動で戻してください",
        ),
        Taken::Tagged => Some("失われたものはありません。判定が誤りなら、タグ warden:verdict を外してください"),
        _ => None,
    }
}

const fn to_do(what: ToDo) -> &'static str {
    match what {
        ToDo::RotateSecrets => {
            "写っている秘密情報(パスワード、キー、トークン)をすべて変更してください。すでに誰かに見られた可能性があります"
        }
        ToDo::RemoveByHand => {
            "個人情報がまだ残っています。手動で削除するか、下記の原因を解消してからイベントを再実行してください"
        }
        ToDo::LookYourself => "ご自身で確認してください",
        ToDo::RaiseTheBudget => {
            "保留されたものは次回のスイープまたは `warden backfill` で判定されます(以前のバージョンは \
             `warden backfill --older-versions`)。予算が足りない場合は DailyBudget を引き上げてください"
        }
        ToDo::MendAndReplay => "下記の原因を解消してから、イベントを再実行してください",
        ToDo::MendTheLedger => {
            "台帳に書き込めませんでした。このイベントの記録はなく、再度配信された場合は通知も再度届きます"
        }
    }
}

const fn not_tried(why: NotTried) -> &'static str {
    match why {
        NotTried::TooLargeToCopy => "5 GiB を超えており、S3 では一度にコピーできません。手動で移動してください",
        NotTried::TooManyTags => "すでにタグが 10 個あり、S3 ではこれ以上追加できません",
        NotTried::TagsUnreadable => "すでに付いているタグを読み取れませんでした。関数のログを確認してください",
        NotTried::NoBox => "隠したコピーなし: 見つかった項目の中に、正確な位置が分からないものがあります",
        NotTried::TooMuchToMask => "隠したコピーなし: 見つかった項目が多すぎて、すべてを隠せません",
        NotTried::KindNotMasked => "隠したコピーなし: この種類のファイルは隠せません",
        NotTried::CopyNotClean => "隠したコピーなし: 見つかった項目をすべて隠しても、問題なしと判定されませんでした",
        NotTried::CopyFailed => "隠したコピーなし: 時間内に作成、判定、または保存できませんでした",
    }
}

const fn level(level: ThreatLevel) -> &'static str {
    match level {
        ThreatLevel::Low => "低",
        ThreatLevel::Medium => "中",
        ThreatLevel::High => "高",
    }
}

const fn category(category: Category) -> &'static str {
    match category {
        Category::Person => "氏名",
        Category::Face => "識別できる顔",
        Category::Location => "住所または居場所",
        Category::PhoneNumber => "電話番号",
        Category::EmailAddress => "メールアドレス",
        Category::DateTime => "生年月日など個人に関する日付",
        Category::CreditCard => "カード番号",
        Category::IbanCode => "国際銀行口座番号(IBAN)",
        Category::UsBankNumber => "米国の銀行口座番号",
        Category::IpAddress => "IP アドレス",
        Category::UsSsn => "米国の社会保障番号",
        Category::UsPassport => "米国のパスポート番号",
        Category::UsDriverLicense => "米国の運転免許証",
        Category::KrRrn => "韓国の住民登録番号",
        Category::Nrp => "国籍、宗教または政治的所属",
        Category::MedicalLicense => "医療従事者の免許",
        Category::Passport => "パスポートまたはその番号",
        Category::NationalId => "身分証明書またはその番号",
        Category::LicensePlate => "車のナンバープレート",
        Category::Health => "診療記録または検査結果",
        Category::Signature => "署名",
        Category::Secret => "パスワード、アクセスキー、トークンなどの秘密情報",
        Category::Other => "その他の個人情報",
        Category::LocationMetadata => "メタデータ内の撮影場所",
        Category::PersonMetadata => "メタデータ内の人物名",
        Category::AuthorshipMetadata => "メタデータ内の作成者または所有者名",
    }
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unreadable(why) => match why {
            Unreadable::Empty => "オブジェクトが空です",
            Unreadable::NotAnImage => "画像ではありません",
            Unreadable::UnsupportedFormat => "対応していない形式です",
            Unreadable::Avif => "AV1(AVIF)で符号化された画像のため、読み取れません",
            Unreadable::Damaged => "画像が壊れており、デコードできません",
            Unreadable::EncryptedDocument => "文書が暗号化されています",
            Unreadable::DamagedDocument => "文書が壊れているか、表示できないページがあります",
            Unreadable::TooManyPages => "文書が 12 ページを超えています。最初の 12 ページに個人情報はありません",
            Unreadable::EmbeddedFile => {
                "画像でも PDF でもないファイルが文書に添付されているか、添付ファイルが多すぎます"
            }
            Unreadable::TooLarge => "画像が大きすぎます",
            Unreadable::Archived => "オブジェクトがアーカイブされており、先に復元が必要です",
            Unreadable::CustomerKey => "アップロードした人だけが持つキーで暗号化されています(SSE-C)",
        },
        Reason::ImageRejected => "モデルがこの画像を読み取れません",
        Reason::Unusable(why) => match why {
            Unusable::Refused => "モデルが回答を拒否しました",
            Unusable::GuardrailIntervened => "ガードレールが回答を置き換えました",
            Unusable::Cut => "モデルの回答が max_tokens で途切れました",
            Unusable::Empty => "モデルの回答が空でした",
            Unusable::Malformed => "モデルの回答が要求した形式ではありません",
        },
        Reason::VersionNotPinned => "個人情報が見つかりましたが、判定したデータを特定できません",
        Reason::Disagreement => "モデルは個人情報なしと判定しましたが、個人情報らしい文字または顔が見つかりました",
        Reason::Budget => "本日のモデル予算を使い切ったため、モデルに問い合わせませんでした",
    }
}
