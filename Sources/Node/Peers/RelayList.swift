import Foundation

/// The entries of `--p2p-relays`. Relays are optional, so an entry that is of no use is left out and told, and the others
/// are used. Pure.
struct RelayList: Equatable, Sendable {
    static let sourcesMax = 16
    private static let shownMax = 100

    /// An entry that is not used. For people.
    struct Omission: Equatable, Sendable {
        /// Counted from 1.
        let number: Int
        /// The entry, without what may be a secret.
        let entry: String
        let reason: String
    }

    /// Each once; blank entries are none.
    private(set) var sources: [RelaySource] = []
    private(set) var omissions: [Omission] = []

    init(_ entries: [String]) {
        for (index, entry) in entries.enumerated() {
            let text = entry.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty else { continue }
            do throws(RelaySource.Fault) {
                let source = try RelaySource(text)
                guard !sources.contains(source) else { continue }
                guard sources.count < Self.sourcesMax else { throw .surplus }
                sources.append(source)
            } catch {
                omissions.append(Omission(number: index + 1, entry: Self.shown(text), reason: "\(error)"))
            }
        }
    }

    /// Without user, password, path and query of a URL, also where it is none because of a slip.
    private static func shown(_ text: String) -> String {
        if let url = RelayURL(text) { return url.description }
        if text.contains("@") { return "(not shown, since it may hold a password)" }
        guard !text.hasPrefix("/"), let match = text.prefixMatch(of: /(?:[A-Za-z][A-Za-z0-9+.\-]*:?\/\/)?[^\/?#]*/)
        else {
            return String(text.prefix(shownMax))
        }
        return String(match.output.prefix(shownMax))
    }
}
