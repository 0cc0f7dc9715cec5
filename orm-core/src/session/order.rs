//! Order among things that depend on each other. It knows numbers only, and nothing of entities or tables.

/// Groups nodes so that each comes after those it depends on; nodes that depend on each other in a circle share a group.
///
/// Tarjan's strongly connected components, without recursion. Nodes that do not depend on each other keep their order.
pub(super) fn components(depends_on: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let count = depends_on.len();
    if count == 1 {
        return vec![vec![0]];
    }
    let (mut index, mut low, mut on_stack) = (vec![UNSEEN; count], vec![0; count], vec![false; count]);
    let (mut next, mut stack, mut groups) = (0, Vec::new(), Vec::new());
    for root in 0..count {
        if index[root] != UNSEEN {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                (index[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&target) = depends_on[node].get(edge) {
                calls.push((node, edge + 1));
                if index[target] == UNSEEN {
                    calls.push((target, 0));
                } else if on_stack[target] {
                    low[node] = low[node].min(index[target]);
                }
                continue;
            }
            if low[node] == index[node] {
                let start = stack.iter().rposition(|&other| other == node).unwrap_or(0);
                let mut group = stack.split_off(start);
                group.iter().for_each(|&member| on_stack[member] = false);
                group.sort_unstable();
                groups.push(group);
            }
            if let Some(&(parent, _)) = calls.last() {
                low[parent] = low[parent].min(low[node]);
            }
        }
    }
    groups
}

/// Layers of nodes, each depending only on layers before it, and the nodes that are left because of a circle.
pub(super) fn layers(depends_on: &[Vec<usize>]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut missing: Vec<usize> = depends_on.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); depends_on.len()];
    for (node, targets) in depends_on.iter().enumerate() {
        for &target in targets {
            dependents[target].push(node);
        }
    }
    let mut layers = Vec::new();
    let mut layer: Vec<usize> = (0..depends_on.len()).filter(|&node| missing[node] == 0).collect();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for &dependent in layer.iter().flat_map(|&node| &dependents[node]) {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                next.push(dependent);
            }
        }
        next.sort_unstable();
        layers.push(std::mem::replace(&mut layer, next));
    }
    let left = (0..depends_on.len()).filter(|&node| missing[node] > 0).collect();
    (layers, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_component_comes_after_those_it_depends_on() {
        // 0 -> 1 -> 2, 3 and 4 in a circle, 4 -> 0, 5 alone
        let depends_on = [vec![1], vec![2], vec![], vec![4], vec![3, 0], vec![]];
        assert_eq!(components(&depends_on), [vec![2], vec![1], vec![0], vec![3, 4], vec![5]]);
    }

    #[test]
    fn a_node_that_depends_on_itself_is_a_component_of_one() {
        assert_eq!(components(&[vec![0], vec![0]]), [vec![0], vec![1]]);
    }

    #[test]
    fn a_long_chain_needs_no_recursion() {
        let depends_on: Vec<Vec<usize>> =
            (0..200_000).map(|node| if node > 0 { vec![node - 1] } else { vec![] }).collect();
        assert_eq!(components(&depends_on).len(), 200_000);
        assert_eq!(layers(&depends_on).0.len(), 200_000);
    }

    #[test]
    fn layers_hold_what_is_free_and_report_circles() {
        let (layers, left) = layers(&[vec![], vec![0], vec![0], vec![1, 2], vec![5], vec![4]]);
        assert_eq!(layers, [vec![0], vec![1, 2], vec![3]]);
        assert_eq!(left, [4, 5]);
    }
}
