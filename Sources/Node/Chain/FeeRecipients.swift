import BeaconAPI
import BeaconClient
import Cluster
import Ethereum
import Logging
import Program
import SSZ
import Timing

/// Tells the beacon nodes whom the blocks of the cluster's validators pay: at the start, and in the first slot of each
/// epoch, because a beacon node forgets it when it restarts. Source: workflow.md §5.8.
struct FeeRecipients: Sendable {
    typealias Send = @Sendable ([ProposerPreparation]) async throws(BeaconError) -> Void

    /// By validator, from the lock; those without one are left to the beacon node.
    let addresses: [PubKey: Bytes20]
    let validators: ActiveValidators
    let clock: SlotClock
    let logger: Logger
    let send: Send

    private static let backoff = Backoff(base: .seconds(1), max: .seconds(60))

    /// Until cancelled.
    func run() async {
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            var epoch = currentEpoch
            var backoff = Self.backoff
            while await !tell(in: epoch) {
                do { try await Task.sleep(for: backoff.next(using: &generator)) } catch { return }
                epoch = currentEpoch
            }
            let next = clock.start(of: Epoch(epoch.rawValue + 1))
            do { try await Task.sleep(for: max(.seconds(1), next - SystemClock.now())) } catch { return }
        }
    }

    private var currentEpoch: Epoch { clock.epoch(of: clock.currentSlot(at: SystemClock.now())) }

    /// - Returns: whether a beacon node took it.
    func tell(in epoch: Epoch) async -> Bool {
        do throws(BeaconError) {
            let preparations = try await validators.active(in: epoch).sorted { $0.key < $1.key }
                .compactMap { index, pubKey in
                    addresses[pubKey].map { ProposerPreparation(validatorIndex: index, feeRecipient: $0) }
                }
            if !preparations.isEmpty { try await send(preparations) }
            return true
        } catch {
            if error.cause == .cancelled { return false }
            logger.warning("beacon node was not told the fee recipients", metadata: ["error": "\(error)"])
            return false
        }
    }
}

extension Lock {
    /// Whom blocks pay, by validator's key; those without a valid address are left out.
    var feeRecipients: [PubKey: Bytes20] {
        var addresses: [PubKey: Bytes20] = [:]
        for (validator, rows) in zip(validators, definition.validators) {
            guard let pubKey = PubKey(validator.publicKey), let address = EthereumAddress(rows.feeRecipient) else {
                continue
            }
            addresses[pubKey] = address.bytes
        }
        return addresses
    }
}
