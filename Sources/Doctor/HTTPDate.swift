import Cluster
import Ethereum

/// The time in a `Date` header: `Sun, 06 Nov 1994 08:49:37 GMT`. Source: RFC 9110 §5.6.7.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Nil unless it is one.
    package static func parse(_ text: String) -> Instant? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[1].utf8.count == 2, words[3].utf8.count == 4,
            let month = months.firstIndex(where: { $0 == words[2] })
        else { return nil }
        let digits = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return RFC3339.parse("\(words[3])-\(digits)-\(words[1])T\(words[4])Z")
    }
}
