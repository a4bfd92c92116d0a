import Hummingbird

/// What watches the server asks: whether it is well, and what it counts.
struct ProbeRoutes: RouteGroup {
    let parts: WebParts

    func add(to router: Router<WebContext>) {
        let health = HealthRoute(parts: parts)
        let metrics = MetricsRoute(parts: parts, health: health)
        router.get(RouterPath(HealthRoute.path)) { _, _ in await health.answer() }
        router.get(RouterPath(MetricsRoute.path)) { _, _ in await metrics.answer() }
    }
}
