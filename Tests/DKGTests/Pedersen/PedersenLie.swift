import BLS
import SSZ

@testable import DKG

/// What one node of a Pedersen run, or who stands between, can do wrong.
enum PedersenLie: CaseIterable {
    case noDeals, fewerPoints, morePoints, infinity, foreignReceiver, foreignDealer, otherNonce, unsigned, twoDeals
    case wrongShare, wrongShares, unencryptedShare, shareWithoutDefence, wrongDefence, foreignDefence
    case noResponses, foreignResponse, twoResponses, falseComplaint

    /// What an honest node, the one that is lied to, first says of the liar. Nil: nobody can tell.
    func blame(_ table: PedersenTable) -> CeremonyFault.Reason? {
        let (points, nodes) = (table.threshold, table.runs.count)
        return switch self {
        case .noDeals: .missing(.deals)
        case .fewerPoints: .commitmentCount(validator: 0, expected: points, actual: points - 1)
        case .morePoints: .commitmentCount(validator: 0, expected: points, actual: points + 1)
        case .infinity: .malformed(.deals, "a commitment is no point of G1")
        case .foreignReceiver: .unknownIndex(.deals, index: nodes)
        case .foreignDealer: .unknownIndex(.deals, index: nodes)
        case .otherNonce: .otherSession(.deals)
        case .unsigned: .unsigned(.deals)
        case .twoDeals: .equivocated(.deals)
        case .wrongShare, .wrongShares, .unencryptedShare, .shareWithoutDefence, .wrongDefence, .foreignDefence:
            .share(validator: 0)
        case .noResponses: .missing(.responses)
        case .foreignResponse: .unknownIndex(.responses, index: nodes)
        case .twoResponses: .equivocated(.responses)
        case .falseComplaint: nil
        }
    }

    /// Whether a share goes wrong on its way to the victim alone.
    private var isPrivate: Bool {
        [.wrongShare, .unencryptedShare, .shareWithoutDefence, .wrongDefence, .foreignDefence].contains(self)
    }

    /// Whether the liar's part of the key counts in the end.
    var keepsDealer: Bool {
        switch self {
        case .wrongShare, .unencryptedShare, .noResponses, .foreignResponse, .twoResponses, .falseComplaint: true
        default: false
        }
    }

    /// What the liar's bundle becomes on its way.
    func tell(
        _ bundle: PedersenBundle, to: ParticipantIndex, victim: ParticipantIndex, _ table: PedersenTable,
        key: SecretKey
    ) throws -> [PedersenBundle] {
        let nodes = table.runs.count
        switch (self, bundle) {
        case (.noDeals, .deals), (.noResponses, .responses), (.shareWithoutDefence, .justifications): return []
        case (.fewerPoints, .deals): return [changed(bundle, by: key) { $0.points.removeLast() }]
        case (.morePoints, .deals): return [changed(bundle, by: key) { $0.points.append($0.points[0]) }]
        case (.infinity, .deals):
            let infinity = Bytes48([0xc0] + [UInt8](repeating: 0, count: 47)) ?? .zero
            return [changed(bundle, by: key) { $0.points[1] = infinity }]
        case (.foreignReceiver, .deals):
            return [changed(bundle, by: key) { $0.deals.append((nodes, $0.deals[0].sealed)) }]
        case (.foreignDealer, .deals): return [changed(bundle, by: key) { $0.index = nodes }]
        case (.otherNonce, .deals): return [changed(bundle, by: key) { $0.session = .zero }]
        case (.unsigned, .deals): return [bundle.signed(by: table.keys[victim])]
        case (.twoDeals, .deals):
            return [bundle, changed(bundle, by: key) { $0.deals.removeLast() }]
        case (.wrongShares, .deals):
            return [
                changed(bundle, by: key) { parts in for i in parts.deals.indices { parts.deals[i].sealed[60] ^= 1 } }
            ]
        case (.unencryptedShare, .deals):
            return [
                changed(bundle, by: key) { parts in
                    for i in parts.deals.indices where parts.deals[i].index == victim {
                        parts.deals[i].sealed = [1, 2]
                    }
                }
            ]
        case (_, .deals) where isPrivate:
            // Well sealed, but of another polynomial.
            let wrong = ShareEncryption.seal(key, to: table.keys[victim].publicKey, ephemeral: key)
            return [
                changed(bundle, by: key) { parts in
                    for i in parts.deals.indices where parts.deals[i].index == victim { parts.deals[i].sealed = wrong }
                }
            ]
        case (.wrongDefence, .justifications):
            return [changed(bundle, by: key) { $0.shares[0].share = Bytes32(key.exposedBytes()) ?? .zero }]
        case (.foreignDefence, .justifications):
            return [changed(bundle, by: key) { $0.shares.append((nodes, $0.shares[0].share)) }]
        case (.foreignResponse, .responses):
            return [changed(bundle, by: key) { $0.responses.append((nodes, true)) }]
        case (.twoResponses, .responses):
            return [bundle, changed(bundle, by: key) { $0.responses[0].isGood = false }]
        case (.falseComplaint, .responses):
            return [
                changed(bundle, by: key) { parts in
                    for i in parts.responses.indices where parts.responses[i].dealer == victim {
                        parts.responses[i].isGood = false
                    }
                }
            ]
        default: return [bundle]
        }
    }
}

extension PedersenTable {
    /// One participant lies to all others; some lies are about the victim alone.
    mutating func add(_ lie: PedersenLie, liar: ParticipantIndex, victim: ParticipantIndex) {
        let (table, key) = (self, keys[liar])
        self.liar = liar
        tamper = { bundle, from, to in
            from == liar ? try lie.tell(bundle, to: to, victim: victim, table, key: key) : [bundle]
        }
    }
}
