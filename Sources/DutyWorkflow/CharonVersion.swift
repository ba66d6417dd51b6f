/// A version as peers announce it: `v1.10`, `v1.10.3`, `v1.11.0-rc3`.
///
/// `^v(\d+)\.(\d+)(?:\.(\d+))?(?:-(.+))?$`. Only major and minor matter for compatibility. Source: protocols.md §3.
package struct CharonVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let major: Int
    package let minor: Int
    package let patch: Int?
    package let label: String?

    package static let v1_10 = CharonVersion(major: 1, minor: 10, patch: 3)
    package static let v1_11 = CharonVersion(major: 1, minor: 11, patch: 0)
    /// The oldest minor whose peers we understand.
    package static let oldestSupported = CharonVersion(major: 1, minor: 0)

    /// Newest first, as info-sync tells them.
    package static var supportedMinors: [String] {
        (oldestSupported.minor...v1_11.minor).reversed().map { CharonVersion(major: 1, minor: $0).minorText }
    }

    package init(major: Int, minor: Int, patch: Int? = nil, label: String? = nil) {
        self.major = major
        self.minor = minor
        self.patch = patch
        self.label = label
    }

    /// Nil unless it matches. Numbers beyond Int32 do not.
    package init?(_ text: String) {
        guard text.first == "v" else { return nil }
        let parts = text.dropFirst().split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let numbers = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(Self.number)
        guard (2...3).contains(numbers.count), let major = numbers[0], let minor = numbers[1] else { return nil }
        if numbers.count == 3, numbers[2] == nil { return nil }
        if parts.count == 2, parts[1].isEmpty || parts[1].contains(where: \.isNewline) { return nil }
        self.init(
            major: major, minor: minor, patch: numbers.count == 3 ? numbers[2] : nil,
            label: parts.count == 2 ? String(parts[1]) : nil)
    }

    private static func number(_ digits: Substring) -> Int? {
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int32(digits).map(Int.init)
    }

    /// `v1.10`: what DKG and info-sync exchange.
    package var minorText: String { "v\(major).\(minor)" }

    package var description: String {
        minorText + (patch.map { ".\($0)" } ?? "") + (label.map { "-\($0)" } ?? "")
    }

    /// By major, minor and patch.
    package static func < (a: Self, b: Self) -> Bool {
        (a.major, a.minor, a.patch ?? 0) < (b.major, b.minor, b.patch ?? 0)
    }
}
