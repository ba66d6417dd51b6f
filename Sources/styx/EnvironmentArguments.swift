/// Lets environment variables stand for flags, and booleans be written `--flag=false`, as Charon's users are used to.
///
/// Order: command line, then `STYX_*`, then `CHARON_*`, then the default. What is empty is not set, on the command line
/// too: compose files pass `CHARON_X=${CHARON_X:-}` for many flags.
enum EnvironmentArguments {
    /// The flags of one command.
    struct Flags: Sendable {
        var options: [String]
        var switches: [String] = []
        /// Those of `switches` that are on unless told otherwise.
        var onByDefault: [String] = []
        /// Those of `options` that have a default, and for which empty on the command line means none.
        var noneIfEmpty: [String] = []
    }

    /// - Parameter arguments: without the program's name.
    static func expand(_ arguments: [String], environment: [String: String]) -> [String] {
        // Some releases of Charon had it without `alpha`.
        let arguments = arguments.first == "test" ? ["alpha"] + arguments : arguments
        guard let (path, flags) = commands.first(where: { arguments.starts(with: $0.path) }) else { return arguments }
        var out = path
        var seen: Set<String> = []
        var rest = arguments.dropFirst(path.count)
        while let argument = rest.popFirst() {
            if argument == "--" {
                out += [argument] + rest
                return out
            }
            guard argument.hasPrefix("--") else {
                out.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            if flags.options.contains(name), (parts.count == 2 ? String(parts[1]) : rest.first) == "" {
                if parts.count == 1 { rest.removeFirst() }
                guard flags.noneIfEmpty.contains(name) else { continue }
                out += ["--\(name)", ""]
                seen.insert(name)
                continue
            }
            seen.insert(name)
            guard flags.switches.contains(name), parts.count == 2, let isOn = boolean(String(parts[1])) else {
                out.append(argument)
                continue
            }
            if let form = flags.form(of: name, isOn: isOn) { out.append(form) }
        }
        for name in flags.options where !seen.contains(name) {
            if let value = variable(name, environment) { out.append("--\(name)=\(value)") }
        }
        for name in flags.switches where !seen.contains(name) {
            guard let value = variable(name, environment) else { continue }
            switch boolean(value) {
            case let isOn?: if let form = flags.form(of: name, isOn: isOn) { out.append(form) }
            // Leave it to the parser to complain, with the flag's name.
            case nil: out.append("--\(name)=\(value)")
            }
        }
        return out
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
        (["slashing-protection", "export"], ProtectionFiles.flags),
        (["slashing-protection", "import"], ProtectionFiles.flags),
        (["run"], Run.flags),
        (["enr"], Enr.flags),
        (["combine"], Combine.flags),
        (["demo"], DemoCommand.flags),
        (["relay"], RelayCommand.flags),
        (["top"], TopCommand.flags),
    ]

    private static let prefixes = ["STYX_", "CHARON_"]

    private static func variable(_ name: String, _ environment: [String: String]) -> String? {
        prefixes.lazy.compactMap { environment[$0 + suffix(name)] }.first { !$0.isEmpty }
    }

    /// Variables with a value that look like ours and belong to no flag of any command, by name, each with the variable
    /// that was probably meant. Values stay where they are: they may be secrets.
    static func unknown(in environment: [String: String]) -> [(name: String, meant: String?)] {
        let known = known
        return environment.filter { !$0.value.isEmpty }.keys.sorted().compactMap { name in
            guard let prefix = prefixes.first(where: name.hasPrefix) else { return nil }
            let rest = String(name.dropFirst(prefix.count))
            guard !known.contains(rest) else { return nil }
            let near = known.map { (distance(rest, $0), $0) }.filter { $0.0 <= 2 }.min { $0 < $1 }
            return (name, near.map { prefix + $0.1 })
        }
    }

    /// Variables without their prefix. A flag of `alpha test` that looks like a slip in one of another command is left
    /// out: `--beacon-node-endpoint` of its `mev` shall not hide that a node has no `--beacon-node-endpoints`.
    private static var known: Set<String> {
        let names = { (isTest: Bool) in
            Set(
                commands.filter { ($0.path.first == "alpha") == isTest }
                    .flatMap { $0.flags.options + $0.flags.switches }.map(suffix))
        }
        let others = names(false)
        return others.union(names(true).filter { name in !others.contains { (1...2).contains(distance(name, $0)) } })
    }

    private static func suffix(_ flag: String) -> String { flag.uppercased().replacing("-", with: "_") }

    /// Letters to insert, delete or replace.
    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
        var row = Array(0...b.count)
        for (i, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }

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
    /// How the parser wants to see the switch; nil when that is what it assumes.
    fileprivate func form(of name: String, isOn: Bool) -> String? {
        guard onByDefault.contains(name) else { return isOn ? "--\(name)" : nil }
        return isOn ? nil : "--no-\(name)"
    }
}
