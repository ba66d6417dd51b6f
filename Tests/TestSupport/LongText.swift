/// A text among a test's rows that may be long: the log shows its beginning and how long it is.
package struct LongText: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    private static let shownMax = 100

    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }

    package var description: String {
        let count = text.count
        return count <= Self.shownMax ? text : "\(text.prefix(Self.shownMax))… (\(count) characters)"
    }
}
