import ClusterSetup
import NIOHTTP1
import SSZ

/// Goes the way of a proposal with a relay: asks for a bid on top of the chain's head, and hands in a blinded block.
///
/// The block bears no proposer's signature, so the relay refuses it; how long it takes for that is what counts.
struct BlindedProposals: Sendable {
    /// Slots in which the relay had no bid.
    private static let emptySlotsMax = 10
    /// The point at infinity: no key's signature of anything that matters.
    private static let noSignature = "0xc0" + String(repeating: "0", count: 190)

    let relay: HTTPService
    let node: HTTPService
    let bidTimeout: Duration
    let clock: ProbeClock
    /// Since 1970.
    let wallClock: @Sendable () -> Duration

    /// The time for bid and block together, over so many slots.
    func meanTime(of count: Int) async throws -> Duration {
        let timing = try await SlotTiming(of: node)
        guard let time = try await node.json("/eth/v1/beacon/genesis")["data"]?["genesis_time"]?.uint64,
            let genesis = Int64(exactly: time), genesis < 1 << 40
        else { throw CaseFailure.unexpected("no genesis_time in the beacon node's answer") }
        var total = Duration.zero
        var (done, empty) = (0, 0)
        while done < count {
            let slot = try await nextSlot(timing, genesis: .seconds(genesis))
            if let time = try await propose(slot, timing) {
                total += time
                done += 1
            } else {
                empty += 1
                guard empty < Self.emptySlotsMax else {
                    throw CaseFailure.unexpected("no bid in \(empty) slots; the relay may not know their proposers")
                }
            }
        }
        return total / count
    }

    /// Waits until it begins.
    private func nextSlot(_ timing: SlotTiming, genesis: Duration) async throws -> UInt64 {
        let elapsed = wallClock() - genesis
        guard elapsed >= .zero else { throw CaseFailure.unexpected("the chain has not begun") }
        let slot = UInt64(elapsed / timing.slotDuration) + 1
        try await clock.sleep(timing.slotDuration * Int(slot) - elapsed)
        return slot
    }

    /// - Returns: nil when the relay has no bid.
    private func propose(_ slot: UInt64, _ timing: SlotTiming) async throws -> Duration? {
        let proposer = try await proposer(of: slot, timing)
        let block = try await node.json("/eth/v2/beacon/blocks/head")
        guard let head = block["data"]?["message"], let version = block["version"]?.string,
            let parentHash = head["body"]?["execution_payload"]?["block_hash"]?.string
        else { throw CaseFailure.unexpected("no execution payload in the beacon node's head block") }
        guard let parentRoot = try await node.json("/eth/v1/beacon/blocks/head/root")["data"]?["root"] else {
            throw CaseFailure.unexpected("no root of the beacon node's head block")
        }
        let path = try [parentHash, proposer.pubKey].map(Self.word).joined(separator: "/")
        let milliseconds = Int(bidTimeout / .milliseconds(1))
        let bid = try await relay.send(
            .GET, "/eth/v1/builder/header/\(slot)/\(path)",
            headers: [("X-Timeout-Ms", "\(milliseconds)")])
        if bid.status == 204 { return nil }
        guard bid.status == 200, let message = (try? JSONValue(parsing: bid.body))?["data"]?["message"],
            let header = message["header"]
        else { throw CaseFailure.unexpected("status \(bid.status) and no bid from the relay") }
        let signed = Self.blinded(
            head, slot: slot, proposer: proposer.index, parentRoot: parentRoot, header: header, bid: message)
        let answer = try await relay.send(
            .POST, "/eth/v1/builder/blinded_blocks", body: signed,
            headers: [("Eth-Consensus-Version", try Self.word(version))])
        guard answer.status < 500 else {
            throw CaseFailure.unexpected("status \(answer.status) of the relay for a blinded block")
        }
        return bid.headDelay + answer.headDelay
    }

    private func proposer(of slot: UInt64, _ timing: SlotTiming) async throws -> (pubKey: String, index: JSONValue) {
        let epoch = slot / timing.slotsPerEpoch
        let duties = try await node.json("/eth/v1/validator/duties/proposer/\(epoch)")["data"]?.array ?? []
        guard let duty = duties.first(where: { $0["slot"]?.uint64 == slot }), let pubKey = duty["pubkey"]?.string,
            let index = duty["validator_index"]
        else { throw CaseFailure.unexpected("the beacon node knows no proposer of slot \(slot)") }
        return (pubKey, index)
    }

    /// What others wrote, as a part of a path or header.
    private static func word(_ text: String) throws -> String {
        guard (1...200).contains(text.utf8.count), text.utf8.allSatisfy({ $0.isLetterOrDigit }) else {
            throw CaseFailure.unexpected("the beacon node's answer has a word that is none")
        }
        return text
    }

    /// The head block once more, for another slot and with the bid in place of its payload.
    static func blinded(
        _ head: JSONValue, slot: UInt64, proposer: JSONValue, parentRoot: JSONValue, header: JSONValue, bid: JSONValue
    ) -> JSONValue {
        var body = head["body"]?.object ?? JSONObject()
        body["execution_payload"] = nil
        body["execution_payload_header"] = header
        for name in ["blob_kzg_commitments", "execution_requests"] where body[name] != nil {
            body[name] = bid[name] ?? body[name]
        }
        var message = head.object ?? JSONObject()
        message["slot"] = .string("\(slot)")
        message["proposer_index"] = proposer
        message["parent_root"] = parentRoot
        message["body"] = .object(body)
        return ["message": .object(message), "signature": .string(noSignature)]
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
