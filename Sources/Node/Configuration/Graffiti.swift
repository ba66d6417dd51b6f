import Ethereum
import Program
import SSZ

/// The text that blocks carry: all nodes of a cluster sign the leader's. Source: workflow.md §6.1.
struct Graffiti: Sendable {
    /// Bytes of the field.
    private static let bytesMax = 32
    /// Two letters for this program, and two for the beacon node.
    private static let tagBytes = 4
    private static let ownLetters = "SX"
    private static let lettersByClient = [
        ("teku", "TK"), ("lighthouse", "LH"), ("lodestar", "LS"), ("prysm", "PY"), ("nimbus", "NB"), ("grandine", "GD"),
    ]

    /// None, one for all validators, or one for each in the lock's order.
    let texts: [String]
    /// Whether the programs' letters are appended to them.
    let isTagged: Bool

    /// - Throws: if a text is too long; names the flag and the cure.
    func validate() throws(ConfigurationError) {
        let max = textBytesMax
        guard let long = texts.first(where: { $0.utf8.count > max }) else { return }
        throw ConfigurationError(
            flag: "graffiti", what: "has a text of \(long.utf8.count) bytes",
            cure: isTagged
                ? "use at most \(max), or \(Self.bytesMax) with --graffiti-disable-client-append"
                : "use at most \(max)")
    }

    /// - Throws: unless there is one for all, or one for each.
    func validate(validators: Int) throws(ConfigurationError) {
        guard texts.count > 1, texts.count != validators else { return }
        throw ConfigurationError(
            flag: "graffiti", what: "has \(texts.count) texts for \(validators) validators",
            cure: "give one for all, or one for each in the order of the cluster lock")
    }

    /// Whether the beacon node's name is wanted.
    var asksBeaconNode: Bool { isTagged && !texts.isEmpty }

    /// Of one text, without the programs' letters.
    var textBytesMax: Int { Self.bytesMax - (isTagged ? Self.tagBytes : 0) }

    /// - Parameters:
    ///   - validators: in the lock's order.
    ///   - beaconNode: what it calls itself, if it said.
    ///   - set: texts of single validators, which come before all others.
    func of(_ validators: [PubKey], beaconNode: String?, set: [PubKey: String] = [:]) -> [PubKey: Bytes32] {
        let tag = isTagged ? Self.ownLetters + Self.letters(of: beaconNode) : ""
        let own = "\(BuildInfo.client)/\(BuildInfo.version)"
        var graffiti: [PubKey: Bytes32] = [:]
        for (position, pubKey) in validators.enumerated() {
            let wanted = set[pubKey] ?? (texts.indices.contains(position) ? texts[position] : texts.first)
            let text = wanted.map { $0 + tag } ?? own
            graffiti[pubKey] = Bytes32(padding: Array(text.utf8.prefix(Self.bytesMax)))
        }
        return graffiti
    }

    /// None for a client that nobody has named letters for.
    private static func letters(of beaconNode: String?) -> String {
        let name = beaconNode?.lowercased() ?? ""
        return lettersByClient.first { name.contains($0.0) }?.1 ?? ""
    }
}
