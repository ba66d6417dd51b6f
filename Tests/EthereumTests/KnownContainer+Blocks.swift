import Ethereum
import SSZ

extension KnownContainer {
    /// Blocks and what they consist of, for every fork that changes them.
    static let blocks: [KnownContainer] =
        full(Phase0.self) + full(Altair.self) + full(Bellatrix.self) + full(Capella.self) + full(Deneb.self)
        + full(Electra.self) + blinded(Bellatrix.self) + blinded(Capella.self) + blinded(Deneb.self)
        + blinded(Electra.self) + payloads(Bellatrix.self) + payloads(Capella.self) + payloads(Deneb.self)
        + contents(Deneb.self) + contents(Electra.self) + contents(Fulu.self) + parts
        + [
            of("fulu/BeaconBlock", FullBeaconBlock<Fulu>.self),
            signed("fulu/SignedBeaconBlock", SignedBeaconBlock<Fulu>.self),
            signed("fulu/SignedBlindedBeaconBlock", SignedBlindedBeaconBlock<Fulu>.self),
        ]

    private static let parts = [
        of("phase0/Eth1Data", Eth1Data.self),
        of("phase0/ProposerSlashing", ProposerSlashing.self),
        of("phase0/AttesterSlashing", AttesterSlashing<IndexedAttestationPhase0>.self),
        of("phase0/Deposit", Deposit.self),
        of("altair/SyncAggregate", SyncAggregate.self),
        of("capella/Withdrawal", Withdrawal.self),
        of("capella/BLSToExecutionChange", BLSToExecutionChange.self),
        signed("capella/SignedBLSToExecutionChange", SignedBLSToExecutionChange.self),
        of("electra/AttesterSlashing", AttesterSlashing<IndexedAttestationElectra>.self),
        of("electra/DepositRequest", DepositRequest.self),
        of("electra/WithdrawalRequest", WithdrawalRequest.self),
        of("electra/ConsolidationRequest", ConsolidationRequest.self),
        of("electra/ExecutionRequests", ExecutionRequests.self),
    ]

    private static func full<Fork: BlockFork>(_ fork: Fork.Type) -> [KnownContainer] {
        [
            of("\(fork.name)/BeaconBlockBody", BeaconBlockBody<Fork, FullExecution>.self),
            of("\(fork.name)/BeaconBlock", FullBeaconBlock<Fork>.self),
            signed("\(fork.name)/SignedBeaconBlock", SignedBeaconBlock<Fork>.self),
        ]
    }

    private static func blinded<Fork: BlockFork>(_ fork: Fork.Type) -> [KnownContainer] {
        [
            of("\(fork.name)/BlindedBeaconBlockBody", BeaconBlockBody<Fork, BlindedExecution>.self),
            of("\(fork.name)/BlindedBeaconBlock", BlindedBeaconBlock<Fork>.self),
            signed("\(fork.name)/SignedBlindedBeaconBlock", SignedBlindedBeaconBlock<Fork>.self),
        ]
    }

    private static func payloads<Fork: BlockFork>(_ fork: Fork.Type) -> [KnownContainer] {
        [
            of("\(fork.name)/ExecutionPayload", ExecutionPayload<Fork, FullExecution>.self),
            of("\(fork.name)/ExecutionPayloadHeader", ExecutionPayload<Fork, BlindedExecution>.self),
        ]
    }

    private static func contents<Fork: BlockFork>(_ fork: Fork.Type) -> [KnownContainer] {
        [
            of("\(fork.name)/BlockContents", BlockContents<Fork>.self) { $0.block.hashTreeRoot(preset: $1) },
            of("\(fork.name)/SignedBlockContents", SignedBlockContents<Fork>.self) {
                $0.signedBlock.message.hashTreeRoot(preset: $1)
            },
        ]
    }
}
