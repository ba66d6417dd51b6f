import SSZ

/// What a block carries. Variable size.
///
/// Fields of later forks than `Fork` are not part of it and stay as they are. Source: consensus-specs
/// phase0/beacon-chain.md and that of each later fork; builder-specs for the blinded form.
package struct BeaconBlockBody<Fork: BlockFork, Form: ExecutionForm>: SSZContainer, Hashable {
    package var randaoReveal = SignatureBytes.zero
    package var eth1Data = Eth1Data()
    package var graffiti = Bytes32.zero
    package var proposerSlashings = [ProposerSlashing]()
    package var attesterSlashings = [AttesterSlashing<Fork.IndexedAttestation>]()
    package var attestations = [Fork.Attestation]()
    package var deposits = [Deposit]()
    package var voluntaryExits = [SignedVoluntaryExit]()
    /// From Altair on.
    package var syncAggregate = SyncAggregate()
    /// From Bellatrix on.
    package var executionPayload = ExecutionPayload<Fork, Form>()
    /// From Capella on.
    package var blsToExecutionChanges = [SignedBLSToExecutionChange]()
    /// From Deneb on: one for each blob.
    package var blobKZGCommitments = [Bytes48]()
    /// From Electra on.
    package var executionRequests = ExecutionRequests()

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        let isElectra = Fork.name.usesElectraAttestations
        try visitor.visit("randao_reveal", &randaoReveal)
        try visitor.visit("eth1_data", &eth1Data)
        try visitor.visit("graffiti", &graffiti)
        try visitor.visit("proposer_slashings", &proposerSlashings, limit: 16)
        try visitor.visit("attester_slashings", &attesterSlashings, limit: isElectra ? 1 : 2)
        try visitor.visit("attestations", &attestations, limit: isElectra ? 8 : 128)
        try visitor.visit("deposits", &deposits, limit: 16)
        try visitor.visit("voluntary_exits", &voluntaryExits, limit: 16)
        guard Fork.name >= .altair else { return }
        try visitor.visit("sync_aggregate", &syncAggregate)
        guard Fork.name >= .bellatrix else { return }
        try visitor.visit(Form.isBlinded ? "execution_payload_header" : "execution_payload", &executionPayload)
        guard Fork.name >= .capella else { return }
        try visitor.visit("bls_to_execution_changes", &blsToExecutionChanges, limit: 16)
        guard Fork.name >= .deneb else { return }
        try visitor.visit(
            "blob_kzg_commitments", &blobKZGCommitments, limit: visitor.preset.maxBlobCommitmentsPerBlock)
        guard Fork.name >= .electra else { return }
        try visitor.visit("execution_requests", &executionRequests)
    }
}
