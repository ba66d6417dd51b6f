import ArgumentParser
import Logging
import Node
import Program

/// What each flag of a command amounts to, wherever its value comes from. For the log: without secrets.
struct EffectiveFlags: Equatable, Sendable {
    private static let shownMax = 300
    /// Of flags that have to know whether they were given: what holds if not.
    private static let defaults = [
        "validator-keys-dir": NodeConfiguration.defaultValidatorKeysDirectory,
        "signer-timeout": GoDuration.format(RemoteSignerFlags.defaultTimeout),
    ]

    /// By flag, as operators would write it; what is secret is masked.
    private(set) var values: [String: String] = [:]

    /// - Parameter command: parsed.
    init(_ command: some ParsableArguments) { add(command) }

    func tell(_ logger: Logger) {
        logger.info("configuration", metadata: values.mapValues { .string($0) })
    }

    private mutating func add(_ arguments: Any) {
        for (label, value) in Mirror(reflecting: arguments).children {
            if let group = value as? any FlagGroup {
                add(group.flags)
            } else if let flag = value as? any FlagValue, let label {
                let name = Self.name(label)
                let value = Self.text(flag.value)
                let text = CommandSecrets.shown(value.isEmpty ? Self.defaults[name] ?? "" : value, of: name)
                values[name] = text.count > Self.shownMax ? "\(text.prefix(Self.shownMax))…" : text
            }
        }
    }

    /// `_p2pTcpAddress` is `p2p-tcp-address`, as the parser makes it.
    private static func name(_ label: String) -> String {
        label.drop { $0 == "_" }.reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
        }
    }
}

private protocol FlagGroup {
    var flags: Any { get }
}

extension OptionGroup: FlagGroup {
    fileprivate var flags: Any { wrappedValue }
}

private protocol FlagValue {
    var value: Any { get }
}

extension Option: FlagValue {
    fileprivate var value: Any { wrappedValue }
}

extension Flag: FlagValue {
    fileprivate var value: Any { wrappedValue }
}

extension EffectiveFlags {
    private static func text(_ value: Any) -> String {
        switch value {
        case let list as [String]: styx.list(list).joined(separator: ",")
        case let duration as Duration: GoDuration.format(duration)
        case let word as any RawRepresentable<String>: word.rawValue
        case let optional as any OptionalFlag: optional.content.map { text($0) } ?? ""
        default: "\(value)"
        }
    }
}

private protocol OptionalFlag {
    var content: Any? { get }
}

extension Optional: OptionalFlag {
    fileprivate var content: Any? { map { $0 as Any } }
}
