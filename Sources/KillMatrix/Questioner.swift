import BeaconClient
import Demo
import DutyWorkflow
import Ethereum
import Program
import SSZ

/// Asks one node, again and again and over all its lives, what a validator client should sign: what it said once it has
/// to say again, and so have the others.
struct Questioner: Sendable {
    let node: Int
    let client: BeaconClient
    let validatorClient: DemoValidatorClient
    let chain: DemoChain
    let recorder: Recorder

    private static let pause = Duration.milliseconds(250)

    /// Until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await repeatedly(askForAttestations) }
            group.addTask {
                var known: DemoValidatorClient.Chain?
                while known == nil, !Task.isCancelled {
                    known = try? await validatorClient.chain()
                    if known == nil { try? await Task.sleep(for: Self.pause) }
                }
                guard let known else { return }
                await repeatedly { try await askForBlock($0, known) }
            }
        }
    }

    /// Failures are nothing to tell of: the node may be dead.
    private func repeatedly(_ ask: (Slot) async throws -> Void) async {
        while !Task.isCancelled {
            if let slot = chain.clock.slot(at: SystemClock.now()) { try? await ask(slot) }
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Of this slot and the one before: asked for in one life, they may be answered in another.
    private func askForAttestations(_ slot: Slot) async throws {
        for slot in [slot, slot - 1] where !chain.duties(in: slot).isEmpty {
            guard let data = try? await client.attestationData(slot, committee: .zero) else { continue }
            note(.attester(slot: slot), data.hashTreeRoot())
        }
    }

    private func askForBlock(_ slot: Slot, _ known: DemoValidatorClient.Chain) async throws {
        let duties = chain.proposerDuties(chain.clock.epoch(of: slot)).filter { $0.slot == slot }
        for duty in duties {
            guard let block = try await validatorClient.block(duty, known) else { continue }
            note(Duty(slot: slot, type: .proposer), block.messageRoot)
        }
    }

    private func note(_ duty: Duty, _ root: Root) {
        recorder.note(Statement(subject: .served(duty), content: "\(root)", heard: "a client of node \(node)"))
    }
}
