import SSZ

/// The definition together with the keys that came out of it, signed by all: what a node runs from.
///
/// Reading bounds, `verify` judges. Source: spec/cluster-files.md §4.2, §7, §10.
package struct Lock: Equatable, Sendable {
    package var definition = Definition()
    package var validators: [DistributedValidator] = []
    /// Sum of the signatures of all key shares over the lock hash, 96 bytes.
    package var signatureAggregate: [UInt8] = []
    /// As stored; `withHashes()` computes.
    package var lockHash = Root.zero
    /// By each operator's identity key over the lock hash, operator order, 65 bytes each.
    package var nodeSignatures: [[UInt8]] = []

    package init() {}

    /// Reads and bounds, does not verify.
    package init(json bytes: [UInt8]) throws(ClusterError) {
        let members = try JSONMembers(
            JSONValue(clusterFile: bytes, bytesMax: FileLimits.lockFileBytes), path: "")
        definition = try Definition(members.members("cluster_definition"))
        validators = try members.array("distributed_validators", max: FileLimits.validators) {
            value, path throws(ClusterError) in
            try DistributedValidator(value, path)
        }
        signatureAggregate = try members.hex("signature_aggregate", bytesMax: 96)
        lockHash = try members.fixed("lock_hash")
        nodeSignatures = try members.array("node_signatures", max: FileLimits.operators) {
            value, path throws(ClusterError) in
            try JSONMembers.hex(value, bytesMax: FileLimits.k1SignatureBytes, path)
        }
    }

    /// The file's bytes, with all hashes computed anew.
    package func encoded() throws(ClusterError) -> [UInt8] {
        let lock = try withHashes()
        let json: JSONValue = [
            "cluster_definition": lock.definition.json,
            "distributed_validators": .list(orNull: lock.validators.map(\.json)),
            "signature_aggregate": .hex(lock.signatureAggregate),
            "lock_hash": .hex(lock.lockHash.bytes),
            "node_signatures": .array(lock.nodeSignatures.map(JSONValue.hex)),
        ]
        return Array(json.text(indent: " ").utf8)
    }

    package func withHashes() throws(ClusterError) -> Lock {
        var lock = self
        lock.definition = try definition.withHashes()
        lock.lockHash = try lock.computedLockHash()
        return lock
    }

    /// Contains the definition's hash computed anew, over its stored config hash.
    package func computedLockHash() throws(ClusterError) -> Root {
        var walker = HashWalker()
        walker.root(try definition.computedDefinitionHash())
        try walker.list(validators, max: FileLimits.validators, "distributed_validators") {
            walker, validator, label throws(ClusterError) in
            try walker.box { box throws(ClusterError) in try validator.walk(&box, label) }
        }
        return walker.root
    }
}
