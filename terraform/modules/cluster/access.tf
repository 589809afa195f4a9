# Administrators are named by their roles. Airflow starts pods as a group that inference_image/k8s binds to the
# smallest role that will do.

resource "aws_eks_access_entry" "admin" {
  for_each = toset(var.admin_role_arns)

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value
}

resource "aws_eks_access_policy_association" "admin" {
  for_each = aws_eks_access_entry.admin

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

resource "aws_eks_access_entry" "launcher" {
  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = var.launcher_role_arn
  kubernetes_groups = ["nightlabel-launchers"]
}

# Which role a pod has is decided by its namespace and service account, as inference_image/k8s names them.
resource "aws_eks_pod_identity_association" "this" {
  for_each = var.pod_roles

  cluster_name    = aws_eks_cluster.this.name
  namespace       = var.namespace
  service_account = each.key
  role_arn        = each.value
}
