import Program

/// Lets environment variables and configuration files stand for flags, and booleans be written `--flag=false`, as
/// Charon's users are used to.
///
/// Order: command line, then `STYX_*`, then `CHARON_*`, then the configuration files, then the default. A variable
/// that is empty is not set: compose files pass `CHARON_X=${CHARON_X:-}` for many flags. On the command line and in files
/// empty means none for the flags that can be none (`noneIfEmpty`), and the default for all others.
enum EnvironmentArguments {
    /// The flags of one command.
    struct Flags: Sendable {
        var options: [String]
        var switches: [String] = []
        /// Those of `switches` that are on unless told otherwise.
        var onByDefault: [String] = []
        /// Those of `options` for which empty on the command line or in a file means none, whatever the default or what
        /// comes after says.
        var noneIfEmpty: [String] = []
    }

    /// A command line as the parser wants it.
    struct Expansion: Sendable {
        var arguments: [String]
        /// By flag: the variable, or the file and line, that it has its value from.
        var origins: [String: String] = [:]

        /// Adds to a complaint where the flags that it names were set, if not on the command line.
        func explained(_ complaint: String) -> String {
            let named = origins.sorted { $0.key < $1.key }.filter { flag, _ in
                complaint.ranges(of: "--\(flag)").contains { range in
                    !(complaint[range.upperBound...].first.map { $0.isLetter || $0 == "-" } ?? false)
                }
            }
            return named.prefix(3).reduce(complaint) { $0 + "\n(--\($1.key) is set by \($1.value))" }
        }
    }

    /// - Parameter arguments: without the program's name.
    static func expand(
        _ arguments: [String], environment: [String: String], files: ConfigurationFolder = .init()
    ) -> Expansion {
        let arguments = canonical(arguments)
        guard let (path, flags) = command(of: arguments) else { return Expansion(arguments: arguments) }
        var (given, seen): ([String], Set<String>) = ([], [])
        var rest = arguments.dropFirst(path.count)
        while let argument = rest.popFirst() {
            if argument == "--" {
                given += [argument] + rest
                break
            }
            guard argument.hasPrefix("--") else {
                given.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if flags.options.contains(name), (parts.count == 2 ? String(parts[1]) : rest.first) == "" {
                if parts.count == 1 { rest.removeFirst() }
                guard flags.noneIfEmpty.contains(name) else { continue }
                given += ["--\(name)", ""]
                seen.insert(name)
                continue
            }
            if flags.switches.contains(name), parts.count == 2 {
                if parts[1].isEmpty { continue }
                given += flags.forms(of: name, String(parts[1]))
            } else {
                given.append(argument)
            }
            seen.insert(flags.positive(name))
        }
        var expansion = Expansion(arguments: path)
        for name in flags.options + flags.switches where !seen.contains(name) {
            guard let (value, origin) = variable(name, environment) ?? files.value(of: name) else { continue }
            if value.isEmpty {
                guard flags.noneIfEmpty.contains(name) else { continue }
                expansion.arguments += ["--\(name)", ""]
            } else if flags.switches.contains(name) {
                expansion.arguments += flags.forms(of: name, value)
            } else {
                expansion.arguments.append("--\(name)=\(value)")
            }
            expansion.origins[name] = origin
        }
        expansion.arguments += given
        return expansion
    }

    /// Some releases of Charon had `alpha test` without `alpha`.
    private static func canonical(_ arguments: [String]) -> [String] {
        arguments.first == "test" ? ["alpha"] + arguments : arguments
    }

    /// The command that arguments name, if it has flags.
    static func command(of arguments: [String]) -> (path: [String], flags: Flags)? {
        let arguments = canonical(arguments)
        return commands.first { arguments.starts(with: $0.path) }
    }

    /// Longer paths first, so that `create cluster` is found before `create`.
    private static let commands: [(path: [String], flags: Flags)] = [
        (["create", "cluster"], CreateCluster.flags),
        (["create", "dkg"], CreateDKG.flags),
        (["create", "enr"], CreateEnr.flags),
        (["cluster", "inspect"], ClusterInspect.flags),
        (["exit", "active-validator-list"], ExitList.flags),
        (["exit", "list"], ExitList.flags),
        (["exit", "sign"], ExitSign.flags),
        (["exit", "request"], ExitRequest.flags),
        (["exit", "broadcast"], ExitBroadcast.flags),
        (["exit", "fetch"], ExitFetch.flags),
        (["exit", "delete"], ExitDelete.flags),
        (["deposit", "sign"], DepositSign.flags),
        (["deposit", "fetch"], DepositFetch.flags),
        (["feerecipient", "sign"], FeeRecipientSign.flags),
        (["feerecipient", "fetch"], FeeRecipientFetch.flags),
        (["feerecipient", "list"], FeeRecipientList.flags),
        (["alpha", "test", "beacon"], TestBeacon.flags),
        (["alpha", "test", "validator"], TestValidator.flags),
        (["alpha", "test", "mev"], TestMEV.flags),
        (["alpha", "test", "infra"], TestInfra.flags),
        (["alpha", "test", "peers"], TestPeers.flags),
        (["alpha", "test", "all"], TestAll.flags),
        (["alpha", "edit", "add-validators"], EditAddValidators.flags),
        (["alpha", "edit", "add-operators"], EditAddOperators.flags),
        (["alpha", "edit", "remove-operators"], EditRemoveOperators.flags),
        (["alpha", "edit", "replace-operator"], EditReplaceOperator.flags),
        (["alpha", "edit", "recreate-private-keys"], EditRecreatePrivateKeys.flags),
        (["alpha", "edit", "switch"], EditSwitch.flags),
        (["slashing-protection", "export"], ProtectionFiles.flags),
        (["slashing-protection", "import"], ProtectionFiles.flags),
        (["slashing-protection", "lift-halt"], ProtectionFiles.flags),
        (["journal", "inspect"], JournalInspect.flags),
        (["journal", "verify"], JournalOption.flags),
        (["journal", "backup"], JournalOption.flags),
        (["journal", "adopt"], JournalAdopt.flags),
        (["journal", "forget"], JournalOption.flags),
        (["run"], Run.flags),
        (["dkg"], DKGCommand.flags),
        (["enr"], Enr.flags),
        (["combine"], Combine.flags),
        (["demo"], DemoCommand.flags),
        (["doctor"], DoctorCommand.flags),
        (["relay"], RelayCommand.flags),
        (["top"], TopCommand.flags),
    ]

    private static let prefixes = ["STYX_", "CHARON_"]

    private static func variable(_ name: String, _ environment: [String: String]) -> (text: String, origin: String)? {
        for prefix in prefixes {
            if let value = environment[prefix + suffix(name)], !value.isEmpty { return (value, prefix + suffix(name)) }
        }
        return nil
    }

    /// Variables with a value that look like ours and belong to no flag of any command, by name, each with the variable
    /// that was probably meant. Values stay where they are: they may be secrets.
    static func unknown(in environment: [String: String]) -> [(name: String, meant: String?)] {
        environment.filter { !$0.value.isEmpty }.keys.sorted().compactMap { name in
            guard let prefix = prefixes.first(where: name.hasPrefix) else { return nil }
            let rest = String(name.dropFirst(prefix.count))
            guard !suggestions.contains(where: { suffix($0) == rest }) else { return nil }
            return (name, nearest(to: rest.lowercased()).map { prefix + suffix($0) })
        }
    }

    /// The keys of a file that are no flag of any command, each with what was probably meant.
    ///
    /// - Parameter command: the flags of the command that runs.
    static func unknown(
        in file: ConfigurationFile, for command: Flags
    ) -> [(key: String, line: Int, isNested: Bool, meant: String?)] {
        let known = suggestions.union(command.options + command.switches)
        return file.entries.compactMap { entry in
            if case .nested(let inner) = entry.value {
                let full = inner.map { "\(entry.key)-\($0)".lowercased() }.first { known.contains($0) }
                return (entry.key, entry.line, true, full)
            }
            return known.contains(entry.key) ? nil : (entry.key, entry.line, false, nearest(to: entry.key))
        }
    }

    private static func nearest(to name: String) -> String? {
        Spelling.nearest(to: name.replacing("_", with: "-"), in: suggestions)
    }

    /// The flags of all commands. One of `alpha test` that looks like a slip in one of another command is left out:
    /// `--beacon-node-endpoint` of its `mev` shall not hide that a node has no `--beacon-node-endpoints`.
    private static let suggestions: Set<String> = {
        let names = { (isTest: Bool) in
            Set(
                commands.filter { ($0.path.first == "alpha") == isTest }
                    .flatMap { $0.flags.options + $0.flags.switches })
        }
        let others = names(false)
        return others.union(
            names(true).filter { name in !others.contains { (1...2).contains(Spelling.distance(name, $0)) } })
    }()

    private static func suffix(_ flag: String) -> String { flag.uppercased().replacing("-", with: "_") }

    /// Go's spellings.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "t", "true": true
        case "0", "f", "false": false
        default: nil
        }
    }
}

extension EnvironmentArguments.Flags {
    /// How the parser wants to see the switch; nothing when that is what it assumes. What is no boolean is left to the
    /// parser, which complains with the flag's name.
    fileprivate func forms(of name: String, _ value: String) -> [String] {
        guard let isOn = EnvironmentArguments.boolean(value) else { return ["--\(name)=\(value)"] }
        guard onByDefault.contains(name) else { return isOn ? ["--\(name)"] : [] }
        return isOn ? [] : ["--no-\(name)"]
    }

    /// `x` for `no-x` if that is how the parser has a switch turned off.
    fileprivate func positive(_ name: String) -> String {
        onByDefault.first { name == "no-\($0)" } ?? name
    }
}
