import DutyWorkflow
import Ethereum
import SSZ

/// A voluntary exit signed with our share (validator-api.md §4.7).
extension EndpointTable {
    /// Operators must name the same epoch: the first slot of that epoch is the duty's.
    var submitVoluntaryExit: Endpoint {
        Endpoint("submit_voluntary_exit", .post, "/eth/v1/beacon/pool/voluntary_exits") { call in
            let exit = try await call.json { json throws(SSZError) in try SignedVoluntaryExit(json: json) }
            let current = backend.domains.epoch(of: backend.currentSlot)
            let slot = exit.message.epoch.firstSlot(slotsPerEpoch: backend.domains.slotsPerEpoch)
            guard slot != Slot(.max) else { throw APIFault(400, "epoch \(exit.message.epoch) does not exist") }
            try await alone {
                let pubKeys = try await members([exit.message.validatorIndex], in: current)
                try await submit(
                    pubKeys.map {
                        SubmittedObject(place: 0, duty: Duty(slot: slot, type: .exit), pubKey: $0, data: .exit(exit))
                    })
            }
            return .empty
        }
    }

    /// How far exits of an epoch are. Our own: no beacon node has it.
    var exitProgress: Endpoint {
        Endpoint("exit_progress", .get, "/styx/v1/exits/{epoch}", bodies: .ignored) { call in
            let rows = try await backend.exits(in: Epoch(try call.number("epoch")))
            return .json(["data": .array(rows.map(\.json))])
        }
    }
}

extension ExitProgress {
    fileprivate var json: JSONValue {
        var row = JSONObject([
            ("pubkey", pubKey.json()), ("validator_index", message.validatorIndex.json()),
            ("shares", .array(shares.map { .string("\($0.rawValue)") })),
        ])
        switch stage {
        case .open: row.append("status", "open")
        case .complete: row.append("status", "complete")
        case .published: row.append("status", "published")
        case .refused(let reason):
            row.append("status", "refused")
            row.append("reason", .string(reason))
        }
        return .object(row)
    }
}
