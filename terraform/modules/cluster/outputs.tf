output "name" {
  description = "Name of the cluster, for NIGHTLABEL_EKS_CLUSTER."
  value       = aws_eks_cluster.this.name
}
