import BeaconAPI
import Cluster
import Ethereum
import SSZ

/// What operators have handed over of builder registrations. Source: spec/cli-create.md §12.5.
struct CollectedRegistrations: Sendable {
    /// One validator's bad entry spoils nobody else's.
    private(set) var byValidator: [PubKey: Result<[RegistrationGroup], AnswerFault>] = [:]

    static let none = CollectedRegistrations()
    private static let groupsMax = 64
    private static let bytesMax = 64 << 20

    static func answerBytesMax(validators: Int, nodes: Int) -> Int {
        min(bytesMax, 64 << 10 + validators * 8 * (1 << 10 + nodes * 320))
    }

    private init() {}

    /// - Parameter validators: of the cluster; others are not looked at.
    init(json bytes: [UInt8], of validators: Set<PubKey>, nodes: Int) throws(AnswerFault) {
        let json = try AnswerJSON.parse(bytes, about: nil)
        let rows = try AnswerJSON.read(about: nil) { () throws(SSZError) in
            try json.member("validators") { json throws(SSZError) in
                try Self.elements(json, limit: validators.count) { json throws(SSZError) in
                    (try json.field("pubkey") as PubKey, json)
                }
            }
        }
        for (pubKey, row) in rows where validators.contains(pubKey) {
            guard byValidator[pubKey] == nil else {
                byValidator[pubKey] = .failure(AnswerFault(pubKey, "names the validator twice"))
                continue
            }
            byValidator[pubKey] = Result { () throws(AnswerFault) in try Self.groups(row, of: pubKey, nodes: nodes) }
        }
    }

    func groups(of pubKey: PubKey) throws(AnswerFault) -> [RegistrationGroup] {
        try byValidator[pubKey]?.get() ?? []
    }

    private static func groups(_ row: JSONValue, of pubKey: PubKey, nodes: Int) throws(AnswerFault)
        -> [RegistrationGroup]
    {
        let groups = try AnswerJSON.read(about: pubKey) { () throws(SSZError) in
            try row.member("builder_registrations") { json throws(SSZError) in
                try elements(json, limit: groupsMax) { json throws(SSZError) in try group(json, nodes: nodes) }
            }
        }
        for group in groups where group.message.pubKey != pubKey {
            throw AnswerFault(pubKey, "has a registration of validator \(group.message.pubKey)")
        }
        return groups
    }

    private static func group(_ json: JSONValue, nodes: Int) throws(SSZError) -> RegistrationGroup {
        RegistrationGroup(
            message: try json.field("message"),
            partials: try json.member("partial_signatures") { json throws(SSZError) in
                try elements(json, limit: nodes) { json throws(SSZError) in
                    RegistrationGroup.Partial(
                        shareIndex: try json.member("share_index") { json throws(SSZError) in
                            guard let index = json.integer, index <= UInt64(nodes) else { throw SSZError(.number) }
                            return Int(index)
                        },
                        signature: try json.field("signature"))
                }
            },
            hasQuorum: try json.field("quorum"))
    }

    /// Go writes an empty list as `null`.
    private static func elements<Value>(
        _ json: JSONValue, limit: Int, _ read: (JSONValue) throws(SSZError) -> Value
    ) throws(SSZError) -> [Value] {
        json.isNull ? [] : try json.elements(limit: limit, read)
    }
}
