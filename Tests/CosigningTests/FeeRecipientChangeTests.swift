import Ethereum
import SSZ
import Testing

@testable import Cosigning

/// The rules of spec/cli-create.md §10, step 3 and 4.
@Suite("a change of fee recipient: agreed, join, begin or refuse")
struct FeeRecipientChangeTests {
    private static let pubKey = PubKey(padding: [9])
    private static let now: UInt64 = 1000

    private static func message(pays byte: UInt8, at time: UInt64, gas: UInt64 = 30) -> ValidatorRegistration {
        ValidatorRegistration(feeRecipient: Bytes20(padding: [byte]), gasLimit: gas, timestamp: time, pubKey: pubKey)
    }

    private static func group(
        pays byte: UInt8, at time: UInt64, gas: UInt64 = 30, by signers: Int, quorum: Bool = false
    ) -> RegistrationGroup {
        RegistrationGroup(
            message: message(pays: byte, at: time, gas: gas),
            partials: (0..<signers).map { .init(shareIndex: $0 + 1, signature: .zero) }, hasQuorum: quorum)
    }

    /// The operator wishes address 1.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var gas: UInt64?
        var time: UInt64?
        /// Time and gas limit of the lock's registration and of the overrides file's.
        var known: [(UInt64, UInt64)] = [(10, 60)]
        var groups: [RegistrationGroup] = []
        let expected: Expected

        enum Expected: Sendable {
            case agreed(UInt64)
            /// Time, gas limit, flags overruled.
            case join(UInt64, UInt64, Int)
            case begin(UInt64, UInt64)
            case refuse(String)
        }
    }

    static let rows: [Row] = [
        Row(testDescription: "nothing there", expected: .begin(now, 60)),
        Row(testDescription: "flags", gas: 36, time: 500, expected: .begin(500, 36)),
        Row(
            testDescription: "overrides are newer than the lock", known: [(10, 60), (20, 61)], expected: .begin(now, 61)
        ),
        Row(
            testDescription: "an old flag", time: 20, known: [(10, 60), (20, 61)],
            expected: .refuse("--timestamp 20 is not later")),
        Row(testDescription: "a slow clock", known: [(2000, 60)], expected: .refuse("this machine's clock (1000)")),
        Row(testDescription: "a lock without registration", known: [], expected: .refuse("say --gas-limit")),
        Row(testDescription: "the same, with a gas limit", gas: 36, known: [], expected: .begin(now, 36)),
        Row(
            testDescription: "agreed", groups: [group(pays: 1, at: 50, by: 3, quorum: true)], expected: .agreed(50)),
        Row(
            testDescription: "agreed, whatever is pending",
            groups: [group(pays: 1, at: 50, by: 3, quorum: true), group(pays: 2, at: 60, by: 1)], expected: .agreed(50)),
        Row(
            testDescription: "agreed once, but on another one since",
            groups: [
                group(pays: 1, at: 50, by: 3, quorum: true), group(pays: 2, at: 60, gas: 31, by: 3, quorum: true),
            ],
            expected: .begin(now, 31)),
        Row(
            testDescription: "join", groups: [group(pays: 1, at: 50, gas: 31, by: 1)], expected: .join(50, 31, 0)),
        Row(
            testDescription: "join overrules flags", gas: 36, time: 70,
            groups: [group(pays: 1, at: 50, gas: 31, by: 1)], expected: .join(50, 31, 2)),
        Row(
            testDescription: "join after an agreement on another one",
            groups: [group(pays: 2, at: 50, by: 3, quorum: true), group(pays: 1, at: 60, gas: 31, by: 1)],
            expected: .join(60, 31, 0)),
        Row(
            testDescription: "what is pending since before the agreement would change nothing",
            groups: [group(pays: 2, at: 50, by: 3, quorum: true), group(pays: 1, at: 40, by: 1)],
            expected: .begin(now, 30)),
        Row(
            testDescription: "what is pending since before the overrides would change nothing",
            known: [(10, 60), (55, 61)],
            groups: [group(pays: 1, at: 55, by: 1), group(pays: 2, at: 54, by: 1)], expected: .begin(now, 61)),
        Row(
            testDescription: "of two with the same address the one with more signatures",
            groups: [group(pays: 1, at: 60, by: 1), group(pays: 1, at: 50, by: 2)], expected: .join(50, 30, 0)),
        Row(
            testDescription: "of two with as many the newer",
            groups: [group(pays: 1, at: 60, by: 1), group(pays: 1, at: 50, by: 1)], expected: .join(60, 30, 0)),
        Row(
            testDescription: "another change is in progress", groups: [group(pays: 2, at: 50, by: 2)],
            expected: .refuse("another change is in progress")),
        Row(
            testDescription: "two changes in progress, one of them ours",
            groups: [group(pays: 2, at: 60, by: 2), group(pays: 1, at: 50, by: 1)], expected: .join(50, 30, 0)),
        Row(
            testDescription: "another change in progress after an agreement does not bind",
            groups: [group(pays: 2, at: 50, gas: 31, by: 3, quorum: true), group(pays: 3, at: 60, by: 1)],
            expected: .begin(now, 31)),
        Row(
            testDescription: "a flag older than the agreement", time: 40,
            groups: [group(pays: 2, at: 50, by: 3, quorum: true)], expected: .refuse("--timestamp 40 is not later")),
        Row(
            testDescription: "a change of the far future is not joined unheard",
            groups: [group(pays: 1, at: now + 86_401, by: 1)], expected: .refuse("--timestamp 87401")),
        Row(
            testDescription: "but on demand", time: 87_401, groups: [group(pays: 1, at: now + 86_401, by: 1)],
            expected: .join(87_401, 30, 0)),
        Row(
            testDescription: "a day ahead is fine", groups: [group(pays: 1, at: now + 86_400, by: 1)],
            expected: .join(87_400, 30, 0)),
        Row(
            testDescription: "the end of time", groups: [group(pays: 1, at: .max, by: 1)],
            expected: .refuse("--timestamp \(UInt64.max)")),
    ]

    @Test(arguments: rows)
    func decides(row: Row) {
        let change = FeeRecipientChange(
            pubKey: Self.pubKey,
            wish: .init(feeRecipient: Bytes20(padding: [1]), gasLimit: row.gas, timestamp: row.time),
            known: row.known.map { Self.message(pays: 7, at: $0.0, gas: $0.1) }, groups: row.groups)
        let decision = change.decide(now: Self.now)
        switch row.expected {
        case .agreed(let time): #expect(decision == .agreed(Self.message(pays: 1, at: time)))
        case .begin(let time, let gas): #expect(decision == .begin(Self.message(pays: 1, at: time, gas: gas)))
        case .join(let time, let gas, let flags):
            guard case .join(let message, let overruled) = decision else {
                Issue.record("\(decision)")
                return
            }
            #expect(message == Self.message(pays: 1, at: time, gas: gas) && overruled.count == flags, "\(overruled)")
        case .refuse(let text):
            guard case .refuse(let reason) = decision else {
                Issue.record("\(decision)")
                return
            }
            #expect(reason.contains(text), "\(reason)")
        }
    }
}
