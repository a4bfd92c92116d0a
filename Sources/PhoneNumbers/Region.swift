import CPhoneNumber

/// A region for numbers without a country code, as a two-letter code of ISO 3166 such as `US`.
package struct Region: Hashable, Sendable, CustomStringConvertible {
    package let code: String

    /// Takes two letters in any case; nil when the library does not know the region.
    package init?(_ text: String) {
        let code = text.uppercased()
        guard code.utf8.count == 2, code.utf8.allSatisfy({ (0x41...0x5A).contains($0) }),
            rb_phone_prepare() == 1, rb_phone_region_known(code) == 1
        else { return nil }
        self.code = code
    }

    package var description: String { code }

    /// The digits that its numbers begin with in E.164, such as `49`.
    package var callingCode: String {
        String(rb_phone_region_calling_code(code))
    }
}
