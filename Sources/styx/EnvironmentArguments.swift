/// Lets environment variables stand for flags, and booleans be written `--flag=false`, as Charon's users are used to.
///
/// Order: command line, then `STYX_*`, then `CHARON_*`. An empty variable is not set. Only flags that the command has
/// are looked up; other variables are ignored, for compose files set many.
enum EnvironmentArguments {
    /// The flags of one command.
    struct Flags: Sendable {
        var options: [String]
        var switches: [String] = []
        /// Those of `switches` that are on unless told otherwise.
        var onByDefault: [String] = []
    }

    /// - Parameter arguments: without the program's name.
    static func expand(_ arguments: [String], environment: [String: String]) -> [String] {
        guard let (path, flags) = commands.first(where: { arguments.starts(with: $0.path) }) else { return arguments }
        var out = path
        var seen: Set<String> = []
        for argument in arguments.dropFirst(path.count) {
            guard argument.hasPrefix("--") else {
                out.append(argument)
                continue
            }
            let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
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
        (["slashing-protection", "export"], ProtectionFiles.flags),
        (["slashing-protection", "import"], ProtectionFiles.flags),
        (["run"], Run.flags),
        (["enr"], Enr.flags),
        (["combine"], Combine.flags),
        (["demo"], DemoCommand.flags),
        (["relay"], RelayCommand.flags),
    ]

    private static func variable(_ name: String, _ environment: [String: String]) -> String? {
        let suffix = name.uppercased().replacing("-", with: "_")
        return ["STYX_", "CHARON_"].lazy.compactMap { environment[$0 + suffix] }.first { !$0.isEmpty }
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
