import BLS
import BeaconAPI
import BeaconClient
import Ethereum
import Logging
import Node
import Program
import SSZ

/// A small validator client that knows nothing of clusters: it holds key shares as if they were keys, talks the Beacon
/// API to one address, and signs what it is given. It keeps its own slashing protection, as every client does.
package struct DemoValidatorClient: Sendable {
    private let client: BeaconClient
    private let keys: [PubKey: SecretKey]
    private let threads: CryptoThreads
    private let logger: Logger

    /// - Parameters:
    ///   - client: pointed at a Styx node's validator API.
    ///   - keys: this operator's shares.
    package init(client: BeaconClient, keys: [SecretKey], threads: CryptoThreads, logger: Logger) {
        self.client = client
        self.keys = Dictionary(keys.map { ($0.publicKey.bytes, $0) }, uniquingKeysWith: { first, _ in first })
        self.threads = threads
        self.logger = logger
    }

    private struct Chain {
        let clock: SlotClock
        let signing: @Sendable (AttestationData) -> Root
    }

    /// Runs until cancelled.
    package func run() async throws {
        let chain: Chain = try await untilItWorks("chain") { try await self.chain() }
        let rows = try await untilItWorks("validators") { () async throws -> [BeaconValidator] in
            let rows = try await client.validators(.pubKeys(Array(keys.keys)))
            guard rows.count == keys.count else {
                throw Unready(what: "\(rows.count) of \(keys.count) validators known")
            }
            return rows
        }
        let indices = Dictionary(rows.map { ($0.index, $0.validator.pubKey) }, uniquingKeysWith: { first, _ in first })
        var voted: [ValidatorIndex: Epoch] = [:]
        var duties: [AttesterDuty] = []
        var dutiesOf: Epoch?
        try await withThrowingDiscardingTaskGroup { group in
            var slot = chain.clock.slot(at: SystemClock.now()) ?? .zero
            while !Task.isCancelled {
                let epoch = chain.clock.epoch(of: slot)
                if dutiesOf != epoch {
                    duties = try await untilItWorks("duties") {
                        try await client.attesterDuties(
                            epoch, validators: indices, slotsPerEpoch: chain.clock.slotsPerEpoch
                        ).rows
                    }
                    dutiesOf = epoch
                }
                let due = duties.filter { $0.slot == slot && voted[$0.validatorIndex].map { $0 < epoch } ?? true }
                for duty in due { voted[duty.validatorIndex] = epoch }
                let time = chain.clock.start(of: slot) + chain.clock.slotDuration / 3
                try await Task.sleep(for: max(.zero, time - SystemClock.now()))
                let signing = chain.signing
                if !due.isEmpty { group.addTask { await attest(due, signing) } }
                slot = Slot(slot.rawValue + 1)
                try await Task.sleep(for: max(.zero, chain.clock.start(of: slot) - SystemClock.now()))
            }
        }
    }

    private func attest(_ duties: [AttesterDuty], _ signing: @escaping @Sendable (AttestationData) -> Root) async {
        do {
            let data = try await client.attestationData(duties[0].slot, committee: .zero)
            let signed = try await threads.run {
                duties.compactMap { duty -> SingleAttestation? in
                    guard let key = keys[duty.pubKey] else { return nil }
                    var attestation = SingleAttestation()
                    attestation.committeeIndex = duty.committeeIndex
                    attestation.attesterIndex = duty.validatorIndex
                    attestation.data = data
                    attestation.signature = key.sign(signing(data)).bytes
                    return attestation
                }
            }
            try await client.submit(.single(signed), fork: .fulu)
        } catch is CancellationError {
        } catch {
            if !Task.isCancelled { logger.warning("validator client: attest slot \(duties[0].slot): \(error)") }
        }
    }

    private func chain() async throws -> Chain {
        let spec = try await client.spec()
        let genesis = try await client.genesis()
        let forks = spec.forks
        let clock = SlotClock(
            genesis: Instant(unixSeconds: genesis.time), slotDuration: spec.slotDuration,
            slotsPerEpoch: spec.slotsPerEpoch)
        return Chain(clock: clock) { data in
            computeSigningRoot(
                objectRoot: data.hashTreeRoot(),
                domain: computeDomain(
                    .beaconAttester, version: forks.version(at: data.target.epoch),
                    genesisValidatorsRoot: genesis.validatorsRoot))
        }
    }

    private struct Unready: Error, CustomStringConvertible {
        let what: String
        var description: String { what }
    }

    /// Asks again every 200 ms, as long as it takes: nodes start in any order.
    private func untilItWorks<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
        while true {
            do { return try await body() } catch {
                try Task.checkCancellation()
                logger.debug("validator client waits for \(what): \(error)")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}
