//! What barcodes tell, which few people and no model read in passing.

use warden_core::pii::{Category, Finding, Judgement, Place};
use warden_raster::Code;
use warden_recognizers::{Entity, code};

/// What the codes of an image say of it.
pub(crate) fn judge(codes: Vec<Code>) -> Judgement {
    let of_code = |Code { text, area, whole }| {
        let finding = |(entity, _)| Finding { category: category(entity), confidence: 1.0, r#where: Place::WholeImage };
        Judgement::of_findings(code::find(&text).into_iter().map(finding).collect()).within(area, whole)
    };
    codes.into_iter().map(of_code).fold(Judgement::Clean(Vec::new()), Judgement::and)
}

const fn category(entity: Entity) -> Category {
    match entity {
        Entity::Person => Category::Person,
        Entity::DateTime => Category::DateTime,
        Entity::Location => Category::Location,
        Entity::EmailAddress => Category::EmailAddress,
        Entity::PhoneNumber => Category::PhoneNumber,
        Entity::IbanCode => Category::IbanCode,
        Entity::UsDriverLicense => Category::UsDriverLicense,
        Entity::DriverLicense | Entity::Id => Category::NationalId,
        Entity::Secret => Category::Secret,
        // No code holds another.
        _ => Category::Other,
    }
}
