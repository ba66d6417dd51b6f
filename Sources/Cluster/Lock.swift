import SSZ

/// The definition together with the keys that came out of it, signed by all: what a node runs from.
///
/// Reading bounds, `verification` judges. Source: spec/cluster-files.md §4.2, §7, §10.
package struct Lock: Equatable, Sendable {
    /// Its version is the lock's.
    package var definition = Definition()
    package var validators: [DistributedValidator] = []
    /// Sum of the signatures of all key shares over the lock hash, 96 bytes. Up to v1.1 there may be none.
    package var signatureAggregate: [UInt8] = []
    /// As stored; `withHashes()` computes.
    package var lockHash = Root.zero
    /// By each operator's identity key over the lock hash, operator order, 65 bytes each. From v1.7.
    package var nodeSignatures: [[UInt8]] = []
    /// Where no aggregate was written as empty text and not as `null`: up to v1.1 files tell one from the other.
    private var hasEmptyText = false

    package init() {}

    /// Reads and bounds, does not verify.
    package init(json bytes: [UInt8]) throws(ClusterError) {
        do throws(ClusterError) {
            let json = try JSONValue(clusterFile: bytes, bytesMax: FileLimits.lockFileBytes)
            try self.init(JSONMembers(json, path: ""))
        } catch {
            throw error.inDocument("lock")
        }
    }

    private init(_ members: JSONMembers) throws(ClusterError) {
        definition = try Definition(members.members("cluster_definition"))
        let version = definition.version
        validators = try members.array("distributed_validators", max: FileLimits.validators) {
            value, path throws(ClusterError) in
            try DistributedValidator(value, version, path)
        }
        signatureAggregate = try members.bytes("signature_aggregate", version.byteText, bytesMax: 96)
        hasEmptyText =
            version.byteText == .base64 && signatureAggregate.isEmpty && members.has("signature_aggregate")
        lockHash = try members.fixed("lock_hash", version.byteText)
        guard version.hasNodeSignatures else { return }
        nodeSignatures = try members.array("node_signatures", max: FileLimits.operators) {
            value, path throws(ClusterError) in
            try JSONMembers.hex(value, bytesMax: FileLimits.k1SignatureBytes, path)
        }
    }

    /// The file's bytes, with all hashes computed anew.
    package func encoded() throws(ClusterError) -> [UInt8] {
        let lock = try withHashes()
        let version = definition.version
        var object = JSONObject([
            ("cluster_definition", lock.definition.json),
            ("distributed_validators", .list(orNull: lock.validators.map { $0.json(version) })),
            ("signature_aggregate", .bytes(lock.signatureAggregate, version.byteText, nullIfEmpty: !hasEmptyText)),
            ("lock_hash", .bytes(lock.lockHash.bytes, version.byteText)),
        ])
        if version.hasNodeSignatures {
            object.append("node_signatures", .array(lock.nodeSignatures.map(JSONValue.hex)))
        }
        return Array(JSONValue.object(object).text(indent: " ").utf8)
    }

    package func withHashes() throws(ClusterError) -> Lock {
        var lock = self
        do throws(ClusterError) { lock.definition = try definition.withHashes() } catch {
            throw error.inside("cluster_definition.")
        }
        lock.lockHash = try lock.computedLockHash()
        return lock
    }

    /// Contains the definition's hash computed anew, over its stored config hash.
    package func computedLockHash() throws(ClusterError) -> Root {
        let version = definition.version
        var walker = HashWalker()
        do throws(ClusterError) { walker.root(try definition.computedDefinitionHash()) } catch {
            throw error.inside("cluster_definition.")
        }
        let limit = version.hashStyle == .text ? validators.count : FileLimits.validators
        try walker.list(validators, max: limit, "distributed_validators") {
            walker, validator, label throws(ClusterError) in
            try walker.box { box throws(ClusterError) in try validator.walk(&box, version, label) }
        }
        return walker.root
    }
}
