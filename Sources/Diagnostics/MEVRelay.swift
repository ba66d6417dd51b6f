import ClusterSetup

/// A builder's relay: `https://0x<public key>@host`, or without the key.
package struct MEVRelay: Sendable {
    private static let keyDigits = 96
    private static let shownDigits = 4

    let url: ServiceURL
    /// For reports: the key shortened, no path.
    let name: String

    package init(_ text: String) throws(ServiceURL.Fault) {
        let key = text.split(separator: "//", maxSplits: 1).last?.prefix { $0 != "@" && $0 != "/" } ?? ""
        let digits = key.dropFirst(2)
        guard key.hasPrefix("0x"), digits.count == Self.keyDigits, digits.allSatisfy(\.isHexDigit),
            text[key.endIndex...].hasPrefix("@")
        else {
            url = try ServiceURL(text)
            name = "\(url)"
            return
        }
        // The key is the relay's, not ours: nothing to log in with.
        url = try ServiceURL(text.replacing(key + "@", with: ""))
        let host = url.origin.split(separator: "//").last ?? ""
        name = "0x\(digits.prefix(Self.shownDigits))…\(digits.suffix(Self.shownDigits))@\(host)"
    }
}
