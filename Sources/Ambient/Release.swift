/// Which Ringback this is; every program tells it with `--version`.
package enum Release {
    package static let version = "0.1.0"
}
