import ArgumentParser
import Logging

/// A flag of Charon's that is understood, so that existing set-ups start, and changes nothing here.
struct IdleFlag: Equatable, Sendable {
    let name: String
    /// Told once, if the flag was given.
    let why: String

    init?(_ name: String, isGiven: Bool, _ why: String) {
        guard isGiven else { return nil }
        self.name = name
        self.why = why
    }

    func tell(_ logger: Logger) {
        logger.warning("flag is without effect", metadata: ["flag": "--\(name)", "reason": "\(why)"])
    }
}

/// Flags of `charon run` for what this program does not have.
struct IdleRunOptions: ParsableArguments {
    /// Ignored by Charon too, and not told.
    @Option(help: .hidden) var manifestFile = ""
    @Option(help: .hidden) var consensusProtocol = ""
    @Flag(help: .hidden) var syntheticBlockProposals = false
    @Flag(help: .hidden) var simnetBeaconMock = false
    @Flag(help: .hidden) var simnetBeaconMockFuzz = false
    @Flag(help: .hidden) var simnetValidatorMock = false
    @Option(help: .hidden) var simnetValidatorKeysDir = ""
    @Option(help: .hidden) var simnetSlotDuration = ""
    @Flag(help: .hidden) var p2pFuzz = false

    static let names = [
        "manifest-file", "consensus-protocol", "simnet-validator-keys-dir", "simnet-slot-duration",
    ]
    static let switches = [
        "synthetic-block-proposals", "simnet-beacon-mock", "simnet-beacon-mock-fuzz", "simnet-validator-mock",
        "p2p-fuzz",
    ]

    private static let simulated = "there is no simulated beacon node in `run`; `styx demo` has a whole simulated chain"

    var idle: [IdleFlag] {
        [
            IdleFlag(
                "consensus-protocol", isGiven: !["", "qbft"].contains(consensusProtocol.lowercased()),
                "QBFT is the only protocol there is"),
            IdleFlag(
                "synthetic-block-proposals", isGiven: syntheticBlockProposals,
                "blocks for rehearsal are not made; operators whose nodes make them see this one take no part"),
            IdleFlag("simnet-validator-keys-dir", isGiven: !simnetValidatorKeysDir.isEmpty, Self.simulated),
            IdleFlag("simnet-slot-duration", isGiven: !simnetSlotDuration.isEmpty, Self.simulated),
        ].compactMap { $0 }
    }

    /// - Throws: where to go on without what was asked for would be another thing than what was meant.
    func refuse() throws {
        for (name, isOn) in [
            ("simnet-beacon-mock", simnetBeaconMock), ("simnet-beacon-mock-fuzz", simnetBeaconMockFuzz),
            ("simnet-validator-mock", simnetValidatorMock),
        ] where isOn {
            throw CommandFailure("run: --\(name) is not in this version: \(Self.simulated)")
        }
        if p2pFuzz {
            throw CommandFailure(
                "run: --p2p-fuzz is not in this version: this node sends its peers no nonsense; leave it out")
        }
    }
}
