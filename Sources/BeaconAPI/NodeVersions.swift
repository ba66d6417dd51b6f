import SSZ

/// What a beacon node and its execution client call themselves. Source: beacon-APIs `apis/node/version.v2.yaml`.
package struct NodeVersions: Hashable, Sendable {
    /// E.g. `Lighthouse/v8.0.0-…/x86_64-linux`, or `Lighthouse/v8.0.0-ced49dd2` made of the parts that version 2 gives.
    package var beaconNode: String
    /// Likewise; nil if the node does not know or does not say.
    package var executionClient: String?

    package init(beaconNode: String, executionClient: String? = nil) {
        self.beaconNode = beaconNode
        self.executionClient = executionClient
    }

    /// From the `data` of version 2.
    package init(json: JSONValue) throws(SSZError) {
        beaconNode = try json.member("beacon_node") { json throws(SSZError) in try Self.line(json) }
        if let client = json["execution_client"], !client.isNull { executionClient = try Self.line(client) }
    }

    private static func line(_ json: JSONValue) throws(SSZError) -> String {
        func part(_ name: String) throws(SSZError) -> String {
            guard let text = try json.member(name).string else {
                throw SSZError(.json(expected: "string")).inside(name)
            }
            return text
        }
        let commit = try part("commit")
        let (name, version) = (try part("name"), try part("version"))
        return "\(name)/\(version)"
            + (commit.isEmpty ? "" : "-\(commit.hasPrefix("0x") ? commit.dropFirst(2) : commit[...])")
    }
}
