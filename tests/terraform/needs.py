"""What making and removing each kind of resource of prod asks of AWS, as the documents of its API have it."""

HERE = "eu-west-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/nightlabel-prod-planner"
LAKE = "arn:aws:s3:::nightlabel-prod-123456789012-lake"
KEY = f"arn:aws:kms:{HERE}:key/5eed"
CLUSTER = f"arn:aws:eks:{HERE}:cluster/nightlabel-prod"
BALANCING = f"arn:aws:elasticloadbalancing:{HERE}"
EC2 = f"arn:aws:ec2:{HERE}"
ZONE = "arn:aws:route53:::hostedzone/Z1"

_ASKED = {
    "aws_autoscaling_group": [
        (
            f"arn:aws:autoscaling:{HERE}:autoScalingGroup:1:autoScalingGroupName/nightlabel-prod-drift",
            "autoscaling",
            (
                "CreateAutoScalingGroup UpdateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup"
                " AttachLoadBalancerTargetGroups StartInstanceRefresh"
            ),
        ),
        (f"{EC2}:instance/*", "ec2", "RunInstances"),
    ],
    "aws_budgets_budget": [
        ("arn:aws:budgets::123456789012:budget/nightlabel-prod", "budgets", "ModifyBudget")
    ],
    "aws_cloudwatch_log_group": [
        (
            f"arn:aws:logs:{HERE}:log-group:/nightlabel-prod/mlflow",
            "logs",
            "CreateLogGroup PutRetentionPolicy AssociateKmsKey TagResource DeleteLogGroup",
        ),
        (f"arn:aws:logs:{HERE}:log-group:/aws/eks/nightlabel-prod/cluster", "logs", "CreateLogGroup"),
    ],
    "aws_db_instance": [
        (
            f"arn:aws:rds:{HERE}:db:nightlabel-prod-mlflow",
            "rds",
            "CreateDBInstance ModifyDBInstance DeleteDBInstance",
        ),
        (f"arn:aws:rds:{HERE}:snapshot:nightlabel-prod-mlflow-last", "rds", "CreateDBSnapshot"),
    ],
    "aws_db_parameter_group": [
        (
            f"arn:aws:rds:{HERE}:pg:nightlabel-prod-mlflow",
            "rds",
            "CreateDBParameterGroup ModifyDBParameterGroup DeleteDBParameterGroup",
        )
    ],
    "aws_db_subnet_group": [
        (
            f"arn:aws:rds:{HERE}:subgrp:nightlabel-prod-mlflow",
            "rds",
            "CreateDBSubnetGroup DeleteDBSubnetGroup",
        )
    ],
    "aws_default_security_group": [
        (f"{EC2}:security-group/x-1", "ec2", "RevokeSecurityGroupIngress RevokeSecurityGroupEgress")
    ],
    "aws_ecr_lifecycle_policy": [
        (
            f"arn:aws:ecr:{HERE}:repository/nightlabel-prod/label",
            "ecr",
            "PutLifecyclePolicy DeleteLifecyclePolicy",
        )
    ],
    "aws_ecr_repository": [
        (
            f"arn:aws:ecr:{HERE}:repository/nightlabel-prod/label",
            "ecr",
            (
                "CreateRepository PutImageTagMutability PutImageScanningConfiguration TagResource"
                " DeleteRepository"
            ),
        ),
        (KEY, "kms", "CreateGrant RetireGrant"),
    ],
    "aws_ecs_cluster": [
        (
            f"arn:aws:ecs:{HERE}:cluster/nightlabel-prod-mlflow",
            "ecs",
            "CreateCluster UpdateCluster DeleteCluster",
        )
    ],
    "aws_ecs_service": [
        (
            f"arn:aws:ecs:{HERE}:service/nightlabel-prod-mlflow/mlflow",
            "ecs",
            "CreateService UpdateService DeleteService",
        )
    ],
    "aws_ecs_task_definition": [
        (
            f"arn:aws:ecs:{HERE}:task-definition/nightlabel-prod-mlflow:1",
            "ecs",
            "RegisterTaskDefinition TagResource",
        ),
        ("*", "ecs", "DeregisterTaskDefinition"),
        (ROLE, "iam", "PassRole"),
    ],
    "aws_eip": [(f"{EC2}:elastic-ip/x-1", "ec2", "AllocateAddress ReleaseAddress DisassociateAddress")],
    "aws_eks_access_entry": [
        (CLUSTER, "eks", "CreateAccessEntry"),
        (f"arn:aws:eks:{HERE}:access-entry/nightlabel-prod/role/1/x/y", "eks", "DeleteAccessEntry"),
    ],
    "aws_eks_access_policy_association": [
        (
            f"arn:aws:eks:{HERE}:access-entry/nightlabel-prod/role/1/x/y",
            "eks",
            "AssociateAccessPolicy DisassociateAccessPolicy",
        )
    ],
    "aws_eks_addon": [
        (CLUSTER, "eks", "CreateAddon"),
        (f"arn:aws:eks:{HERE}:addon/nightlabel-prod/vpc-cni/1", "eks", "UpdateAddon DeleteAddon"),
    ],
    "aws_eks_cluster": [
        ("*", "eks", "CreateCluster"),
        (CLUSTER, "eks", "UpdateClusterConfig UpdateClusterVersion TagResource DeleteCluster"),
    ],
    "aws_eks_node_group": [
        (CLUSTER, "eks", "CreateNodegroup"),
        (
            f"arn:aws:eks:{HERE}:nodegroup/nightlabel-prod/base/1",
            "eks",
            "UpdateNodegroupConfig DeleteNodegroup",
        ),
    ],
    "aws_eks_pod_identity_association": [
        (CLUSTER, "eks", "CreatePodIdentityAssociation"),
        (
            f"arn:aws:eks:{HERE}:podidentityassociation/nightlabel-prod/a-1",
            "eks",
            "DeletePodIdentityAssociation",
        ),
    ],
    "aws_flow_log": [(f"{EC2}:vpc-flow-log/x-1", "ec2", "CreateFlowLogs DeleteFlowLogs CreateTags")],
    "aws_iam_instance_profile": [
        (
            "arn:aws:iam::123456789012:instance-profile/nightlabel-prod-drift",
            "iam",
            (
                "CreateInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile"
                " DeleteInstanceProfile"
            ),
        )
    ],
    "aws_iam_role": [
        (
            ROLE,
            "iam",
            "CreateRole TagRole UpdateAssumeRolePolicy UpdateRole DeleteRole PutRolePermissionsBoundary",
        )
    ],
    "aws_iam_role_policy": [(ROLE, "iam", "PutRolePolicy DeleteRolePolicy")],
    "aws_iam_role_policy_attachment": [(ROLE, "iam", "AttachRolePolicy DetachRolePolicy")],
    "aws_internet_gateway": [
        (
            f"{EC2}:internet-gateway/x-1",
            "ec2",
            "CreateInternetGateway AttachInternetGateway DetachInternetGateway DeleteInternetGateway",
        )
    ],
    "aws_kms_alias": [
        (f"arn:aws:kms:{HERE}:alias/nightlabel-prod", "kms", "CreateAlias DeleteAlias"),
        (KEY, "kms", "CreateAlias DeleteAlias"),
    ],
    "aws_kms_key": [
        ("*", "kms", "CreateKey"),
        (KEY, "kms", "EnableKeyRotation PutKeyPolicy TagResource ScheduleKeyDeletion"),
    ],
    "aws_launch_template": [
        (
            f"{EC2}:launch-template/x-1",
            "ec2",
            "CreateLaunchTemplate CreateLaunchTemplateVersion ModifyLaunchTemplate DeleteLaunchTemplate",
        )
    ],
    "aws_lb": [
        (
            f"{BALANCING}:loadbalancer/app/nightlabel-prod/5eed",
            "elasticloadbalancing",
            "CreateLoadBalancer ModifyLoadBalancerAttributes DeleteLoadBalancer AddTags CreateListener",
        )
    ],
    "aws_lb_listener": [
        (f"{BALANCING}:listener/app/nightlabel-prod/5eed/1", "elasticloadbalancing", "DeleteListener")
    ],
    "aws_lb_listener_rule": [
        (f"{BALANCING}:listener/app/nightlabel-prod/5eed/1", "elasticloadbalancing", "CreateRule"),
        (f"{BALANCING}:listener-rule/app/nightlabel-prod/5eed/1/2", "elasticloadbalancing", "DeleteRule"),
    ],
    "aws_lb_target_group": [
        (
            f"{BALANCING}:targetgroup/nightlabel-prod-mlflow/5eed",
            "elasticloadbalancing",
            "CreateTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup",
        )
    ],
    "aws_nat_gateway": [(f"{EC2}:natgateway/x-1", "ec2", "CreateNatGateway DeleteNatGateway")],
    "aws_route": [(f"{EC2}:route-table/x-1", "ec2", "CreateRoute DeleteRoute")],
    "aws_route53_record": [(ZONE, "route53", "ChangeResourceRecordSets")],
    "aws_route53_zone": [
        ("*", "route53", "CreateHostedZone"),
        (ZONE, "route53", "DeleteHostedZone ChangeTagsForResource"),
    ],
    "aws_route_table": [(f"{EC2}:route-table/x-1", "ec2", "CreateRouteTable DeleteRouteTable")],
    "aws_route_table_association": [
        (f"{EC2}:route-table/x-1", "ec2", "AssociateRouteTable DisassociateRouteTable")
    ],
    "aws_s3_bucket": [(LAKE, "s3", "CreateBucket DeleteBucket PutBucketTagging")],
    "aws_s3_bucket_lifecycle_configuration": [(LAKE, "s3", "PutLifecycleConfiguration")],
    "aws_s3_bucket_logging": [(LAKE, "s3", "PutBucketLogging")],
    "aws_s3_bucket_ownership_controls": [(LAKE, "s3", "PutBucketOwnershipControls")],
    "aws_s3_bucket_policy": [(LAKE, "s3", "PutBucketPolicy DeleteBucketPolicy")],
    "aws_s3_bucket_public_access_block": [(LAKE, "s3", "PutBucketPublicAccessBlock")],
    "aws_s3_bucket_server_side_encryption_configuration": [(LAKE, "s3", "PutEncryptionConfiguration")],
    "aws_s3_bucket_versioning": [(LAKE, "s3", "PutBucketVersioning")],
    "aws_secretsmanager_secret": [
        (
            f"arn:aws:secretsmanager:{HERE}:secret:nightlabel-prod/mlflow/admin-abcdef",
            "secretsmanager",
            "CreateSecret TagResource DeleteSecret",
        )
    ],
    "aws_secretsmanager_secret_version": [
        (
            f"arn:aws:secretsmanager:{HERE}:secret:nightlabel-prod/mlflow/admin-abcdef",
            "secretsmanager",
            "PutSecretValue UpdateSecretVersionStage",
        ),
        (KEY, "kms", "GenerateDataKey Decrypt"),
    ],
    "aws_security_group": [
        (
            f"{EC2}:security-group/x-1",
            "ec2",
            "CreateSecurityGroup DeleteSecurityGroup RevokeSecurityGroupEgress",
        )
    ],
    "aws_subnet": [(f"{EC2}:subnet/x-1", "ec2", "CreateSubnet ModifySubnetAttribute DeleteSubnet")],
    "aws_vpc": [(f"{EC2}:vpc/x-1", "ec2", "CreateVpc ModifyVpcAttribute DeleteVpc")],
    "aws_vpc_endpoint": [
        (f"{EC2}:vpc-endpoint/x-1", "ec2", "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints")
    ],
    "aws_vpc_security_group_egress_rule": [
        (
            f"{EC2}:security-group/x-1",
            "ec2",
            "AuthorizeSecurityGroupEgress RevokeSecurityGroupEgress ModifySecurityGroupRules",
        )
    ],
    "aws_vpc_security_group_ingress_rule": [
        (f"{EC2}:security-group/x-1", "ec2", "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress")
    ],
}

NEEDS = {
    kind: [(f"{service}:{verb}", resource) for resource, service, verbs in asked for verb in verbs.split()]
    for kind, asked in _ASKED.items()
}
"""Actions with what they are done to, by kind of resource; reading is ReadOnlyAccess's."""
